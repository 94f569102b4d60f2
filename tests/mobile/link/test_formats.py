"""Transport formats: MCS tables and sizes of transport blocks against Sionna's and MATLAB's outputs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile.phy.link import transport
from rabta.mobile.phy.link.transport import Format

SIONNA = json.loads(Path(__file__).with_name("sionna_sizes.json").read_text(encoding="utf-8"))

# nrTBS of MATLAB's 5G Toolbox as srsRAN Project's tests list it (tests/unittests/scheduler/support/
# tbs_calculator_test_data.h, made 14 September 2023): 12 symbols; pilots 6 and 36, rate 0.1 and 0.9, overhead
# 0 and 12, scaling 1 and 0.25, the last fastest. Key: bits a symbol, layers, blocks.
MATLAB = {
    (2, 1, 6): (160, 40, 144, 32, 1544, 368, 1416, 336, 128, 32, 112, 24, 1160, 288, 1032, 256),
    (4, 4, 11): (
        *(2408, 608, 2216, 552, 22032, 5504, 19968, 4992),
        *(1928, 480, 1736, 432, 16896, 4224, 15112, 3824),
    ),
    (6, 1, 6): (504, 120, 456, 112, 4480, 1128, 4032, 1032, 384, 96, 352, 80, 3496, 888, 3104, 808),
    (8, 4, 11): (
        *(4872, 1224, 4360, 1128, 44040, 11016, 39936, 9992),
        *(3824, 984, 3368, 848, 33816, 8456, 30216, 7552),
    ),
}


@pytest.mark.parametrize("table", range(1, 7))
def test_mcs_and_sizes_are_those_of_sionna(table: int) -> None:
    """Sionna 2.2.0 (Apache-2.0): decode_mcs_index, calculate_tb_size; tools/phy/oracle_transport.py."""
    rows = SIONNA[str(table)]
    assert len(rows) == len(transport.MCS[table])
    for (order, rate), (theirs, rate_1024, *sizes) in zip(transport.MCS[table], rows, strict=True):
        assert (order, rate) == (theirs, pytest.approx(rate_1024, abs=1e-3))
        for allocation, size in zip(SIONNA["allocations"], sizes, strict=True):
            blocks, symbols, pilots, layers, overhead, scaling = allocation
            elements = min(156, 12 * symbols - pilots - overhead) * blocks
            assert transport.block_bits(elements, rate / 1024.0, order, layers, scaling) == size


@pytest.mark.parametrize("case", MATLAB)
def test_sizes_are_those_of_matlab(case: tuple[int, int, int]) -> None:
    order, layers, blocks = case
    settings = itertools.product((6, 36), (0.1, 0.9), (0, 12), (1.0, 0.25))
    found = [
        transport.block_bits(min(156, 144 - pilots - overhead) * blocks, rate, order, layers, scaling)
        for pilots, rate, overhead, scaling in settings
    ]
    assert tuple(found) == MATLAB[case]


@pytest.mark.parametrize("table", transport.WAVEFORMS)
def test_the_catalog_has_the_same_efficiencies(table: int) -> None:
    rows = catalog.entry("waveforms", transport.WAVEFORMS[table]).data["modcods"]
    for (order, rate), row in zip(transport.MCS[table], rows, strict=True):
        assert order * rate / 1024.0 == pytest.approx(row[1], abs=5.1e-5)


@given(
    st.integers(1, 6), st.integers(0, 26), st.integers(1, 275), st.integers(4, 14), st.integers(1, 4),
    st.sampled_from((0, 6, 12, 24)),
)  # fmt: skip
def test_any_format_fits_its_elements(
    table: int, mcs: int, blocks: int, symbols: int, layers: int, pilots: int
) -> None:
    """A block's rate stays below one; more resource blocks never make it smaller."""
    form = Format(table, mcs, blocks, symbols, layers, pilots)
    if form.coded_bits < 48:
        return
    assert form.bits + 24 <= form.coded_bits
    cut = form.segments
    assert cut.blocks * cut.block_bits >= form.bits + (24 if form.bits > 3824 else 16)
    if blocks < 275:
        assert Format(table, mcs, blocks + 1, symbols, layers, pilots).bits >= form.bits


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"table": 7, "mcs": 0}, "1 to 6"),
        ({"table": 2, "mcs": 28}, "0 to 27"),
        ({"table": 1, "mcs": 29}, "0 to 28"),
        ({"table": 1, "mcs": 0, "blocks": 276}, "1 to 275"),
        ({"table": 1, "mcs": 0, "layers": 5}, "1 to 4"),
        ({"table": 1, "mcs": 0, "symbols": 15}, "1 to 14"),
        ({"table": 1, "mcs": 0, "pilots": 168}, "0 to 167"),
        ({"table": 1, "mcs": 0, "overhead": 5}, "6, 12, 18"),
        ({"table": 1, "mcs": 0, "scaling": 2.0}, "0.5"),
    ],
)
def test_wrong_formats_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        Format(**settings)


def test_too_few_elements_are_refused() -> None:
    with pytest.raises(RabtaError, match="smallest block"):
        _ = Format(1, 0, blocks=1, symbols=2, pilots=12).bits
    with pytest.raises(RabtaError, match="no block so large"):
        transport.fitting(3, 0, 10**6)
