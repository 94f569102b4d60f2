"""Sionna's symbols, ratios, pilots, slots and equalisers, for the waveform's tests.

Runs in an environment of its own::

    uv venv peer && uv pip install --python peer/bin/python sionna-no-rt
    peer/bin/python tools/phy/oracle_waveform.py tests/mobile/waveform/sionna.json
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def bits(name: str, count: int) -> np.ndarray[Any, Any]:
    """Bits that a name stands for: top bits of a chain of SHA-256 digests."""
    out, block = b"", name.encode()
    while len(out) < count:
        block = hashlib.sha256(block).digest()
        out += block
    return np.frombuffer(out[:count], dtype=np.uint8) >> 7


def numbers(name: str, count: int) -> np.ndarray[Any, Any]:
    """Numbers from -2 to 2 that a name stands for, in steps of 1/64."""
    words = bits(name, 8 * count).reshape(count, 8).astype(np.int64)
    return (words @ (1 << np.arange(8)) - 128) / 64.0


def waves(name: str, *shape: int) -> np.ndarray[Any, Any]:
    """Complex numbers that a name stands for."""
    count = int(np.prod(shape))
    both = numbers(name, 2 * count)
    return (both[:count] + 1j * both[count:]).reshape(shape)


def digest(values: np.ndarray[Any, Any]) -> str:
    """Digest of whole numbers in order."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<i2").tobytes()).hexdigest()[:16]


def steps(symbols: np.ndarray[Any, Any], scale: float) -> np.ndarray[Any, Any]:
    """Symbols as whole numbers, real and imaginary parts in turn."""
    both = np.stack([symbols.real, symbols.imag], axis=-1) * scale
    if np.abs(both - both.round()).max() > 1e-3:
        raise ValueError("no whole numbers")
    return both.round()


def listed(values: Any, digits: int = 6) -> Any:
    """Plain lists of rounded numbers."""
    found = np.asarray(values)
    if np.iscomplexobj(found):
        found = np.stack([found.real, found.imag], axis=-1)
    return np.round(found.astype(float), digits).tolist()


def gold() -> dict[str, str]:
    """Digests of 3,000 bits of the Gold sequence."""
    from sionna.phy.nr.utils import generate_prng_seq  # type: ignore[import-not-found]

    starts = (0, 1, 12345, 0x2AAAAAAA, 2**31 - 1)
    return {str(start): digest(np.asarray(generate_prng_seq(3000, start))) for start in starts}


def symbols() -> dict[str, Any]:
    """Points of every word of bits, as a digest, and ratios of a few symbols by both methods."""
    import torch  # type: ignore[import-not-found]
    from sionna.phy.mapping import Demapper, Mapper  # type: ignore[import-not-found]

    out = {}
    for order in (2, 4, 6, 8, 10):
        words = (np.arange(1 << order)[:, None] >> np.arange(order - 1, -1, -1)) & 1
        mapper = Mapper("qam", order, precision="double")
        points = mapper(torch.tensor(words, dtype=torch.float64)).numpy()[:, 0]
        scale = np.sqrt(2.0 * (2**order - 1) / 3.0)
        heard = torch.tensor(waves(f"heard {order}", 6))
        found: dict[str, Any] = {"points": digest(steps(points, scale))}
        for method in ("app", "maxlog"):
            demapper = Demapper(method, "qam", order, precision="double")
            found[method] = listed(-demapper(heard, torch.tensor(0.2)).numpy())  # it has log P(1)/P(0)
        out[str(order)] = found
    return out


def multiplex() -> dict[str, Any]:
    """Samples of three symbols with the prefixes of a slot's start, at places along the way."""
    import torch
    from sionna.phy.ofdm import OFDMModulator  # type: ignore[import-not-found]

    grid = np.zeros((3, 256), dtype=complex)
    grid[:, 64:192] = waves("grid", 3, 128)
    prefixes = torch.tensor([20, 18, 18])
    found = OFDMModulator(prefixes, precision="double")(torch.tensor(grid[None])).numpy()[0]
    return {"count": len(found), "samples": listed(found[::29], 9)}


PILOTS = (
    # type, mapping, first symbol, additional, length, groups, identity, choice, start, count
    (1, "A", 2, 0, 1, 2, 7, 0, 0, 14),
    (1, "A", 2, 1, 1, 1, 1007, 1, 0, 14),
    (1, "A", 3, 2, 1, 2, 65535, 0, 0, 13),
    (1, "A", 2, 3, 1, 2, 33, 0, 0, 12),
    (1, "A", 2, 1, 2, 2, 33, 1, 0, 10),
    (2, "A", 2, 1, 1, 3, 5, 0, 0, 14),
    (2, "A", 2, 1, 2, 3, 5, 0, 0, 14),
    (1, "B", 2, 1, 1, 2, 99, 0, 3, 6),
    (1, "B", 2, 3, 1, 2, 99, 0, 2, 11),
    (2, "B", 2, 2, 1, 2, 99, 1, 0, 9),
    (2, "B", 2, 1, 2, 2, 99, 1, 1, 13),
)


def configuration(row: tuple[Any, ...], ports: list[int] | None = None) -> Any:
    """Sionna's configuration of a PUSCH with these pilots."""
    from sionna.phy.nr import PUSCHConfig  # type: ignore[import-not-found]

    kind, mapping, first, additional, length, groups, identity, choice, start, count = row
    config = PUSCHConfig()
    config.carrier.subcarrier_spacing = 30
    config.carrier.n_size_grid = 6
    config.carrier.slot_number = 5
    config.carrier.n_cell_id = 1
    config.mapping_type = mapping
    config.symbol_allocation = [start, count]
    config.dmrs.config_type = kind
    config.dmrs.type_a_position = first
    config.dmrs.additional_position = additional
    config.dmrs.length = length
    config.dmrs.num_cdm_groups_without_data = groups
    config.dmrs.n_id = [identity, identity]
    config.dmrs.n_scid = choice
    if ports is not None:
        config.dmrs.dmrs_port_set = ports
        config.num_layers = len(ports)
        config.num_antenna_ports = len(ports)
    return config


def demodulation() -> list[Any]:
    """Symbols, and digests of the grid of each port, of DM-RS of six resource blocks."""
    out = []
    for row in PILOTS:
        config = configuration(row)
        ports = list(config.dmrs.allowed_dmrs_ports)
        found = []
        for port in ports:
            one = configuration(row, [port])
            grid = np.asarray(one.dmrs_grid)[0].T * np.sqrt(2.0) / one.dmrs.beta
            found.append(digest(steps(grid, 1.0)))
        out.append(
            {
                "pilots": row,
                "symbols": list(config.dmrs_symbol_indices),
                "reserved": digest(np.asarray(config.dmrs_mask).T.astype(int)),
                "ports": ports,
                "grids": found,
            }
        )
    return out


SLOTS = (
    # pilots, ports, MCS of the 64QAM table
    ((1, "A", 2, 1, 1, 2, 7, 0, 0, 14), [0], 4),
    ((1, "A", 2, 1, 1, 2, 7, 0, 0, 14), [0, 1], 14),
    ((1, "A", 2, 2, 1, 1, 8, 0, 0, 13), [0, 1], 22),
    ((2, "A", 2, 1, 1, 2, 8, 0, 0, 12), [0, 1, 2, 3], 17),
)


def slots() -> list[Any]:
    """Whole slots of a PUSCH: bits, checks, code, scrambling, symbols, layers, pilots."""
    import torch
    from sionna.phy.nr import PUSCHTransmitter

    out = []
    for row, ports, mcs in SLOTS:
        config = configuration(row, ports)
        config.tb.mcs_table = 1
        config.tb.mcs_index = mcs
        config.n_rnti = 1234
        sender = PUSCHTransmitter(config, return_bits=False, precision="double")
        size = int(config.tb_size)
        name = f"slot {mcs} {len(ports)}"
        grid = sender(torch.tensor(bits(name, size)[None, None], dtype=torch.float64)).numpy()[0, 0]
        order = int(config.tb.num_bits_per_symbol)
        scale = np.sqrt(2.0 * (2**order - 1) / 3.0)
        start, count = row[-2:]
        data = ~np.asarray(config.dmrs_mask).T[start : start + count]
        out.append(
            {
                "pilots": row,
                "ports": ports,
                "order": order,
                "rate": float(config.tb.target_coderate),
                "bits": size,
                "name": name,
                "data": digest(steps(grid[:, data], scale)),
                "spot": listed(grid[:, row[2] - start, :24], 6),
            }
        )
    return out


def antennas() -> dict[str, Any]:
    """Equalisers of four antennas and two or three layers, and the best word of two layers of 16QAM."""
    import torch
    from sionna.phy.mimo import (  # type: ignore[import-not-found]
        MaximumLikelihoodDetector,
        lmmse_equalizer,
        zf_equalizer,
    )

    out: dict[str, Any] = {}
    for layers in (2, 3):
        y, h = waves(f"y {layers}", 5, 4), waves(f"h {layers}", 5, 4, layers)
        s = np.broadcast_to(0.3 * np.eye(4), (5, 4, 4)).astype(complex)
        for name, function in (("lmmse", lmmse_equalizer), ("zf", zf_equalizer)):
            found, noise = function(torch.tensor(y), torch.tensor(h), torch.tensor(s), precision="double")
            out[f"{name} {layers}"] = {"symbols": listed(found.numpy()), "noise": listed(noise.numpy())}
    detector = MaximumLikelihoodDetector("bit", "maxlog", 2, "qam", 4, precision="double")
    s = np.broadcast_to(0.3 * np.eye(4), (5, 4, 4)).astype(complex)
    found = detector(torch.tensor(waves("y 2", 5, 4)), torch.tensor(waves("h 2", 5, 4, 2)), torch.tensor(s))
    out["ml"] = listed(-found.numpy())
    return out


def main() -> int:
    """Write everything."""
    import sionna  # type: ignore[import-not-found]

    found = {
        "sionna": sionna.__version__,
        "gold": gold(),
        "symbols": symbols(),
        "ofdm": multiplex(),
        "dmrs": demodulation(),
        "slots": slots(),
        "antennas": antennas(),
    }
    Path(sys.argv[1]).write_text(json.dumps(found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
