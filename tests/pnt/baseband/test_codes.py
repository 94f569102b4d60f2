"""Codes are those of the interface documents, chip by chip."""

from __future__ import annotations

import csv
import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.baseband import codes

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    folder = files("rabta.verify.pnt") if name.startswith("baseband") else HERE
    text = (folder / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def octal(bits: np.ndarray) -> str:
    """Ten chips of C/A have four octal digits, the first of one bit."""
    padded = np.concatenate([np.zeros(-bits.size % 3, dtype=int), bits.astype(int)])
    return "".join(str(digit) for digit in padded.reshape(-1, 3) @ [4, 2, 1])


def digest(bits: np.ndarray) -> str:
    return hashlib.sha256(np.packbits(bits.astype(np.uint8)).tobytes()).hexdigest()


@pytest.mark.parametrize("signal", ["B1CD", "B1CP", "B2AD", "B2AP", "B2B", "L1CA"])
def test_ends_are_those_printed_in_the_interface_documents(signal: str) -> None:
    listed = [row for row in rows("baseband_chips.csv") if row["signal"] == signal]
    assert len(listed) == (32 if signal == "L1CA" else 63)
    for row in listed:
        bits = codes.bits(signal, int(row["prn"]))
        assert octal(bits[: 10 if signal == "L1CA" else 24]) == row["first"], row
        assert not row["last"] or octal(bits[-24:]) == row["last"], row


@pytest.mark.parametrize("signal", list(codes.SIGNALS))
def test_every_chip_is_that_of_an_independent_generator(signal: str) -> None:
    listed = [row for row in rows("digests.csv") if row["signal"] == signal]
    assert len(listed) >= 37
    for row in listed:
        prn = int(row["prn"])
        assert digest(codes.bits(signal, prn)) == row["primary"], row
        overlay = codes.secondary(signal, prn)
        assert (overlay.size > 1) == bool(row["secondary"]), row
        assert not row["secondary"] or digest(overlay < 0) == row["secondary"], row


@pytest.mark.parametrize(
    ("signal", "first", "last"), [("B1CP", "27516364", "67377026"), ("B2AP", "32063050", "65322167")]
)
def test_secondary_codes_of_the_first_satellite_as_printed(signal: str, first: str, last: str) -> None:
    bits = codes.secondary(signal, 1) < 0  # B1C ICD table 5-4, B2a ICD table 5-5
    assert (octal(bits[:24]), octal(bits[-24:])) == (first, last)


def test_geostationary_satellites_have_no_secondary_code_on_d2() -> None:
    assert codes.secondary("B1I", 59).tolist() == [1]
    assert codes.symbol_s("B1I", 59) == 0.002
    assert codes.secondary("B1I", 6).size == 20


def test_wrong_names_and_numbers_are_refused() -> None:
    with pytest.raises(RabtaError, match="did you mean 'B1I'"):
        codes.generate("B1Q", 1)
    with pytest.raises(RabtaError, match="1 to 63"):
        codes.generate("B1I", 64)
    with pytest.raises(RabtaError, match="no such PRN"):
        codes.secondary("L1CA", 100)
