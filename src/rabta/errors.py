"""Errors that name the file, the key, the value and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_SYSTEM = 4
EXIT_INTERRUPTED = 130


class RabtaError(Exception):
    """One clear message for the user.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence.
    file, key, value, expected : str, optional
        Where it is wrong, and what would be right.
    exit_code : int
        Exit code of the command line.

    Attributes
    ----------
    stage : str or None
        Name of the stage that raised it, set by the engine.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: object = None,
        key: str | None = None,
        value: object = None,
        expected: str | None = None,
        exit_code: int = EXIT_INPUT,
    ) -> None:
        self.problem, self.file, self.key = problem, file, key
        self.value, self.expected, self.exit_code = value, expected, exit_code
        self.stage: str | None = None
        super().__init__(self._text())

    def __str__(self) -> str:
        return self._text()

    def __reduce__(self) -> tuple[object, ...]:
        """Errors of workers arrive whole."""
        return _again, (type(self), self.__dict__)

    def _text(self) -> str:
        parts = [self.problem]
        if self.stage is not None and self.stage not in (self.key or ""):
            parts.append(f"stage: {self.stage}")
        for label, item in (("file", self.file), ("key", self.key), ("value", self.value)):
            if item is not None:
                parts.append(f"{label}: {item}")
        if self.expected is not None:
            parts.append(f"expected: {self.expected}")
        return "\n  ".join(parts)


def _again(kind: type[RabtaError], state: dict[str, object]) -> RabtaError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Say a wrong value's key as the user gave it: inside, errors of a key have the key that goes with it.

    Examples
    --------
    >>> try:
    ...     with named(power_dbm="--power"):
    ...         raise RabtaError("too strong", key="power_dbm", value=90)
    ... except RabtaError as error:
    ...     error.key
    '--power'
    """
    try:
        yield
    except RabtaError as error:
        key = error.key or ""
        if key in options:
            error.key = options[key]
            if error.problem.startswith(f"{key} "):
                error.problem = options[key] + error.problem.removeprefix(key)
        raise


def nearest(word: str, choices: Iterable[str]) -> str:
    """Say which valid choice is nearest to a wrong word.

    Examples
    --------
    >>> nearest("starlnk", ["starlink", "oneweb"])
    "did you mean 'starlink'? valid: oneweb, starlink"
    """
    known = sorted(choices)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    shown = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
    return f"{hint}valid: {shown}"
