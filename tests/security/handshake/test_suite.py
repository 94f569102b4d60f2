"""Known answers by the specification alone, and times over a lossy path against the binomial distribution."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from rabta.security.overlay.paths import Loss, independent
from rabta.verify.security.handshake import BURSTS, Recomputed, _lossy, percentile, shakes, transcripts

CASES = pytest.mark.parametrize("case", transcripts(), ids=lambda case: case["suite"])


@CASES
@pytest.mark.parametrize("side", ["initiator", "responder"])
def test_known_answers(case: dict[str, Any], side: str) -> None:
    assert Recomputed(case, side).keys() == case["session"]


@CASES
@pytest.mark.parametrize("path", ["psk", "exchange", "first", "second", "initiator mlkem", "answer x25519"])
def test_known_answers_hang_on_everything(case: dict[str, Any], path: str) -> None:
    changed: Any = copy.deepcopy(case)
    *above, last = path.split()
    inner = changed[above[0]] if above else changed
    inner[last] = f"{int(inner[last][:2], 16) ^ 8:02x}{inner[last][2:]}"
    with pytest.raises(InvalidTag):
        Recomputed(changed, "responder").keys()


@pytest.mark.parametrize("parity", [0, 1, 2])
def test_share_within_one_round_trip(parity: int) -> None:
    """Any 3 of 3 + parity fragments, there and back, each lost with a chance of 0.1: binomial."""
    count, sent = 500, 3 + parity
    one = sum(math.comb(sent, lost) * 0.1**lost * 0.9 ** (sent - lost) for lost in range(parity + 1))
    expected, took = one**2, shakes(count, parity, independent(0.1), seed=100)
    share = sum(math.isclose(time, 0.6) for time in took) / count
    assert abs(share - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / count)
    assert took[0] == 0.6
    if parity == 2:
        assert percentile(took, 0.99) <= 1.3


def test_bursts_lose_a_tenth() -> None:
    lost = _lossy(Loss(**BURSTS), 7)
    share = sum(lost() for _ in range(100_000)) / 100_000
    assert Loss(**BURSTS).share == pytest.approx(0.1)
    assert share == pytest.approx(0.1, abs=0.01)


def test_percentile() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], q) for q in (0.0, 0.25, 0.5, 0.99)] == [1.0, 1.0, 2.0, 4.0]
