"""Which counters were taken: the last 65,536 and a bit, in words that are reused in a ring (RFC 6479)."""

from __future__ import annotations

SIZE = 65_536
WORD = 64
WORDS = SIZE // WORD + 1
"""One word more than the window, so that clearing a word never forgets a counter inside it (RFC 6479, 2)."""


class Window:
    """Counters that may still be taken: new ones, and those of the last `SIZE` that were not.

    Examples
    --------
    >>> window = Window()
    >>> window.fresh(5), window.take(5), window.fresh(5), window.fresh(4)
    (True, None, False, True)
    >>> window.take(70_000), window.fresh(4)
    (None, False)
    """

    def __init__(self, first: int = 0) -> None:
        self.next = first
        self.least = first
        self._words = [0] * WORDS

    def fresh(self, counter: int) -> bool:
        """Whether a counter was not taken and is not too old; nothing is changed."""
        if counter >= self.next:
            return True
        if counter < self.least or counter + SIZE < self.next:
            return False
        return not self._words[counter // WORD % WORDS] >> (counter % WORD) & 1

    def take(self, counter: int) -> None:
        """Mark a counter that was fresh and whose packet holds."""
        word = counter // WORD
        if counter >= self.next:
            last = (self.next - 1) // WORD
            for k in range(last + 1, min(word, last + WORDS) + 1):
                self._words[k % WORDS] = 0
            self.next = counter + 1
        self._words[word % WORDS] |= 1 << counter % WORD
