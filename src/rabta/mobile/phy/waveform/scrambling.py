"""Pseudo-random bits of NR and what each channel starts them from: 3GPP TS 38.211.

A ratio is scrambled by a change of sign: `ratios` undoes what `bits` does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import _kernels

Bits = NDArray[np.uint8]


def _check(key: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise RabtaError(f"{key} is out of range", key=key, value=value, expected=f"0 to {most}")


def sequence(c_init: int, count: int) -> Bits:
    """Gold sequence of length 31: TS 38.211, clause 5.2.1.

    Parameters
    ----------
    c_init : int
        Start of the second register, 0 to 2^31 - 1.
    count : int
        Bits wanted.
    """
    _check("c_init", c_init, 2**31 - 1)
    if count < 0:
        raise RabtaError("a length below zero", key="count", value=count, expected="0 or more")
    out = np.empty(count, dtype=np.uint8)
    _kernels.gold(np.uint64(c_init), out)
    return out


def bits(values: ArrayLike, c_init: int) -> Bits:
    """Bits, shape (..., n), scrambled or descrambled along the last axis."""
    plain = np.asarray(values, dtype=np.uint8)
    return np.asarray(plain ^ sequence(c_init, plain.shape[-1]))


def ratios(values: ArrayLike, c_init: int) -> NDArray[np.float32]:
    """Log-likelihood ratios, shape (..., n), descrambled."""
    heard = np.asarray(values, dtype=np.float32)
    return np.asarray(heard * (1.0 - 2.0 * sequence(c_init, heard.shape[-1])).astype(np.float32))


def downlink(rnti: int, identity: int, codeword: int = 0) -> int:
    """c_init of the PDSCH: clause 7.3.1.1; ``identity`` is the cell's or dataScramblingIdentityPDSCH."""
    _check("rnti", rnti, 65535)
    _check("identity", identity, 1023)
    _check("codeword", codeword, 1)
    return rnti * 2**15 + codeword * 2**14 + identity


def uplink(rnti: int, identity: int) -> int:
    """c_init of the PUSCH: clause 6.3.1.1."""
    return downlink(rnti, identity)


def control(identity: int, rnti: int = 0) -> int:
    """c_init of the PDCCH: clause 7.3.2.3; the RNTI is 0 in a common search space."""
    _check("rnti", rnti, 65535)
    _check("identity", identity, 65535)
    return (rnti * 2**16 + identity) % 2**31


def broadcast(cell: int) -> int:
    """c_init of the PBCH: clause 7.3.3.1, of which `broadcast_bits` takes the part of the block's index."""
    _check("cell", cell, 1007)
    return cell


def broadcast_bits(values: ArrayLike, cell: int, index: int) -> Bits:
    """PBCH bits, shape (..., 864), scrambled by part ``index``: 0 to 7, or to 3 where L_max is 4.

    Clause 7.3.3.1.
    """
    _check("index", index, 7)
    plain = np.asarray(values, dtype=np.uint8)
    count = plain.shape[-1]
    return np.asarray(plain ^ sequence(broadcast(cell), (index + 1) * count)[index * count :])


def pilots(
    slot: int, symbol: int, identity: int, choice: int = 0, *, group: int = 0, symbols: int = 14
) -> int:
    """c_init of the DM-RS of PDSCH, PUSCH and PDCCH: clauses 7.4.1.1.1, 6.4.1.1.1.1, 7.4.1.3.1.

    Parameters
    ----------
    slot : int
        Slot in the frame.
    symbol : int
        OFDM symbol in the slot.
    identity : int
        Scrambling identity, 0 to 65535; by default the cell's.
    choice : int
        n_SCID, 0 or 1.
    group : int
        CDM group, where low-PAPR starts are asked for (Release 16, dmrs-Downlink-r16); 0 is Release 15.
    symbols : int
        OFDM symbols of a slot.
    """
    _check("identity", identity, 65535)
    _check("choice", choice, 1)
    _check("group", group, 2)
    scid = choice if group != 1 else 1 - choice
    start = 2**17 * (symbols * slot + symbol + 1) * (2 * identity + 1)
    return (start + 2**17 * (group // 2) + 2 * identity + scid) % 2**31
