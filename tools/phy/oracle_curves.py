"""Block error curves of Sionna: ``python tools/phy/oracle_curves.py OUT [NAME ...]`` where sionna-no-rt is.

Each point counts transport blocks and wrong ones; a point ends at 300 errors or at its most blocks, a curve
at its first point below 4e-3. The file is written after every point, and points already in it are kept.
What is simulated: blocks of random bits, TBEncoder with scrambling, Gray-mapped symbols, a channel known to
the receiver, one value an OFDM symbol and subcarrier, maximum-ratio combining, exact ratios (`app`),
TBDecoder with 20 iterations of `boxplus-phi`, or as the case says.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ERRORS, LAST = 300, 4e-3
# name: MCS table and index, resource blocks, profile and its delay spread in ns, antennas, SNRs, most blocks
CASES: dict[str, dict[str, Any]] = {
    "awgn-qpsk": {"table": 1, "mcs": 7, "blocks": 6, "snr": (0.75, 0.25, 14), "most": 20000},
    "tdl-a": {
        "table": 1,
        "mcs": 7,
        "blocks": 6,
        "profile": "A",
        "spread_ns": 30.0,
        "antennas": 2,
        "snr": (0.0, 2.0, 14),
        "most": 10000,
    },
    "tdl-c": {
        "table": 1,
        "mcs": 13,
        "blocks": 6,
        "profile": "C",
        "spread_ns": 300.0,
        "antennas": 2,
        "snr": (4.0, 2.0, 8),
        "most": 8000,
    },
    "awgn-16qam": {"table": 1, "mcs": 13, "blocks": 6, "snr": (5.5, 0.25, 8), "most": 8000},
    "awgn-qpsk-50": {
        "table": 1,
        "mcs": 7,
        "blocks": 6,
        "iterations": 50,
        "snr": (1.0, 0.25, 3),
        "most": 4000,
    },
}
SYMBOLS, PILOTS, SPACING_HZ = 14, 24, 30e3  # two symbols of pilots without data


def parts(case: dict[str, Any]) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    """Encoder, mapper, demapper, decoder, and the sizes of a case."""
    from sionna.phy.fec.ldpc import LDPC5GDecoder  # type: ignore[import-not-found]  # noqa: F401
    from sionna.phy.mapping import Constellation, Demapper, Mapper  # type: ignore[import-not-found]
    from sionna.phy.nr import TBDecoder, TBEncoder  # type: ignore[import-not-found]
    from sionna.phy.nr.utils import calculate_tb_size, decode_mcs_index  # type: ignore[import-not-found]

    found = decode_mcs_index(case["mcs"], case["table"], is_pusch=False)
    order, rate = int(found[0]), float(found[1])
    size = calculate_tb_size(
        modulation_order=order, target_coderate=rate, num_prbs=case["blocks"], num_ofdm_symbols=SYMBOLS,
        num_dmrs_per_prb=PILOTS, num_layers=1,
    )  # fmt: skip
    bits, coded = int(size[0]), case["blocks"] * (12 * SYMBOLS - PILOTS) * order
    encoder = TBEncoder(bits, coded, rate, order, n_rnti=1, n_id=1)
    decoder = TBDecoder(encoder, num_bp_iter=case.get("iterations", 20), cn_update="boxplus-phi")
    points = Constellation("qam", order)
    return (
        encoder,
        Mapper(constellation=points),
        Demapper("app", constellation=points),
        decoder,
        {
            "bits": bits,
            "coded": coded,
            "rate": rate,
            "order": order,
        },
    )


def channel(case: dict[str, Any], count: int) -> Any:
    """Frequency response, shape (block, antenna, symbol, subcarrier); None without fading."""
    if "profile" not in case:
        return None
    from sionna.phy.channel import cir_to_ofdm_channel, subcarrier_frequencies  # type: ignore[import-not-found]
    from sionna.phy.channel.tr38901 import TDL  # type: ignore[import-not-found]

    line = TDL(
        case["profile"], case["spread_ns"] * 1e-9, 3.5e9, min_speed=0.0, max_speed=0.0,
        num_rx_ant=case["antennas"], num_tx_ant=1,
    )  # fmt: skip
    gains, delays = line(count, 1, 1.0)
    places = subcarrier_frequencies(12 * case["blocks"], SPACING_HZ)
    return cir_to_ofdm_channel(places, gains, delays, normalize=False)[:, 0, :, 0, 0]


def heard(sent: Any, case: dict[str, Any], noise: float) -> tuple[Any, Any]:
    """Symbols after combining, and the noise of each."""
    import torch  # type: ignore[import-not-found]

    h = channel(case, sent.shape[0])
    if h is None:
        return sent + torch.randn_like(sent) * noise**0.5, torch.full(sent.shape, noise)
    grid = sent.reshape(sent.shape[0], 1, -1, h.shape[-1])
    got = h * grid + torch.randn_like(h * grid) * noise**0.5
    power = (h.abs() ** 2).sum(1)
    combined = (h.conj() * got).sum(1) / power
    spread = (noise / power).expand(combined.shape)
    return combined.reshape(sent.shape), spread.reshape(sent.shape)


def point(case: dict[str, Any], snr_db: float, seed: int, batch: int = 100) -> dict[str, Any]:
    """Blocks and errors at one SNR."""
    import sionna  # type: ignore[import-not-found]
    import torch

    sionna.phy.config.seed = seed
    torch.manual_seed(seed)
    encoder, mapper, demapper, decoder, _ = parts(case)
    noise = 10.0 ** (-snr_db / 10.0)
    blocks = errors = 0
    start = time.process_time()
    with torch.no_grad():
        while blocks < case["most"] and errors < ERRORS:
            bits = torch.randint(0, 2, (batch, encoder.k)).float()
            symbols = mapper(encoder(bits))
            combined, spread = heard(symbols, case, noise)
            found, _ = decoder(demapper(combined, spread))
            errors += int((found != bits).any(-1).sum())
            blocks += batch
    seconds = time.process_time() - start
    return {"snr_db": snr_db, "blocks": blocks, "errors": errors, "cpu_s": round(seconds, 1), "seed": seed}


def main() -> int:
    """Write every point as it comes."""
    import sionna
    import torch

    torch.set_num_threads(1)
    path = Path(sys.argv[1])
    wanted = sys.argv[2:] or list(CASES)
    out = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    out["sionna"], out["torch"] = sionna.__version__, torch.__version__
    out["command"] = "python tools/phy/oracle_curves.py OUT"
    for name in wanted:
        case = CASES[name]
        known = out.setdefault("curves", {}).setdefault(name, {**case, **parts(case)[4], "points": []})
        first, step, count = case["snr"]
        for i, snr_db in enumerate(np.round(first + step * np.arange(count), 3).tolist()):
            done = [row for row in known["points"] if row["snr_db"] == snr_db]
            if not done:
                done = [point(case, snr_db, seed=1000 + i)]
                known["points"] += done
                path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
                print(name, done, flush=True)
            if done[0]["errors"] / done[0]["blocks"] < LAST:
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
