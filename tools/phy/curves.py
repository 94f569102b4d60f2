"""Our error curves that ``rabta verify bler`` shows: ``python tools/phy/curves.py SIONNA [PART ...]``.

SIONNA is what `oracle_curves.py` wrote. Parts: ``sionna`` (the same cases), ``tables`` (sizes and rates that
the error tables were not fitted to), ``effective`` (errors over fading beside those that effective ratios
predict), ``flat`` (satellite profiles without delays, beside an average over the error curve). The file is
``src/rabta/verify/mobile/anchors/bler.json``; parts that are not named stay as they are.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from rabta.mobile.phy.link import curves, tables
from rabta.mobile.phy.link.channels import Channel
from rabta.mobile.phy.link.curves import Setup
from rabta.mobile.phy.link.transport import Format, Plain, mcs_row

OUT = Path(__file__).parents[2] / "src/rabta/verify/mobile/anchors/bler.json"
SEED = 11
HELD = (
    # table, MCS, bits: between the sizes of the tables, and several code blocks
    *((1, 3, 56), (1, 7, 704), (1, 12, 2024), (1, 20, 6144), (2, 15, 704), (2, 22, 2024)),
    *((2, 27, 6144), (3, 2, 704), (4, 25, 2024), (1, 16, 20_000), (2, 24, 60_000), (3, 4, 10_000)),
)
FADING = {
    "TDL-A 30 ns, 1 x 2": Channel("TDL-A", 30e-9, receive=2),
    "TDL-C 300 ns, 1 x 1": Channel("TDL-C", 300e-9),
    "NTN-TDL-A 100 ns, 1 x 1": Channel("NTN-TDL-A", 100e-9, spacing_khz=15),
    "NTN-TDL-C 100 ns, 1 x 1": Channel("NTN-TDL-C", 100e-9, spacing_khz=15),
}
FORMS = {"QPSK": (1, 4), "16QAM": (1, 13), "64QAM": (1, 20), "256QAM": (2, 22)}
RISE = {"TDL-A": (2, 4.5, 7), "TDL-C": (3, 6, 9), "NTN-TDL-A": (6, 9, 12), "NTN-TDL-C": (0, 2, 4)}
FLAT = ("NTN-TDL-A", "NTN-TDL-C", "NTN-TDL-D")


def setup_of(case: dict[str, Any]) -> Setup:
    """Ours of a case of the oracle."""
    form = Format(case["table"], case["mcs"], case["blocks"])
    if "profile" not in case:
        return Setup(form, iterations=case.get("iterations", 20))
    spread = case["spread_ns"] * 1e-9
    return Setup(form, Channel(f"TDL-{case['profile']}", spread, receive=case["antennas"]))


def counted(setup: Setup, ratio: float, errors: int, most: int) -> dict[str, Any]:
    """Blocks and errors at a ratio."""
    start = time.process_time()
    found = curves.point(setup, ratio, errors=errors, most=most, seed=SEED)
    seconds = round(time.process_time() - start, 1)
    return {"snr_db": found.snr_db, "blocks": found.blocks, "errors": found.errors[0], "cpu_s": seconds}


def beside(path: Path) -> dict[str, Any]:
    """The oracle's curves, and ours at the same ratios."""
    theirs = json.loads(path.read_text(encoding="utf-8"))
    for name, case in theirs["curves"].items():
        setup = setup_of(case)
        case["ours"] = []
        for row in case["points"]:
            case["ours"].append(counted(setup, row["snr_db"], 600, 20_000))
            if case["ours"][-1]["errors"] < 20:
                break
        print(name, case["ours"], flush=True)
    return dict(theirs)


def held() -> list[dict[str, Any]]:
    """Error rates where the tables say 10 % and 0.1 %."""
    out = []
    for table, mcs, bits in HELD:
        order, rate = mcs_row(table, mcs)
        for wanted, errors, most in ((0.1, 300, 5000), (1e-3, 25, 30_000)):
            if wanted < 0.1 and bits > 1100:
                continue
            ratio = round(tables.threshold_db(table, mcs, wanted, bits), 3)
            row = counted(Setup(Plain(bits, order, rate)), ratio, errors, most)
            out.append({"table": table, "mcs": mcs, "bits": bits, "wanted": wanted, **row})
            print(out[-1], flush=True)
    return out


def mapped() -> list[dict[str, Any]]:
    """Error rates over fading, and those predicted for the same links."""
    out = []
    for name, channel in FADING.items():
        for modulation, (table, mcs) in FORMS.items():
            form = Format(table, mcs, 6)
            setup = Setup(form, channel)
            start = round(tables.threshold_db(table, mcs, 0.1, form.bits), 1)
            points = []
            for more in RISE[channel.profile]:
                row = counted(setup, start + more, 10**9, 1500)
                row["predicted"] = round(
                    curves.predicted(setup, start + more, blocks=row["blocks"], seed=SEED), 6
                )
                points.append(row)
            out.append(
                {"channel": name, "modulation": modulation, "table": table, "mcs": mcs, "points": points}
            )
            print(out[-1], flush=True)
    return out


def flat() -> list[dict[str, Any]]:
    """Error rates of QPSK over satellite profiles without delay spread."""
    out = []
    for profile in FLAT:
        for antennas in (1, 2):
            setup = Setup(Format(1, 4, 6), Channel(profile, 0.0, receive=antennas, spacing_khz=15))
            need = round(tables.threshold_db(1, 4, 0.1, setup.form.bits), 1)
            ratios = [need + more for more in ((4, 8, 12) if profile == "NTN-TDL-A" else (0, 2, 4))]
            points = [counted(setup, ratio - 3.0 * (antennas - 1), 400, 8000) for ratio in ratios]
            out.append({"profile": profile, "antennas": antennas, "bits": setup.form.bits, "points": points})
            print(out[-1], flush=True)
    return out


def main() -> int:
    """Write the parts."""
    parts = sys.argv[2:] or ["sionna", "tables", "effective", "flat"]
    made = {"sionna": lambda: beside(Path(sys.argv[1])), "tables": held, "effective": mapped, "flat": flat}
    for part in parts:
        found = made[part]()
        known = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
        known[part] = found
        known["made"] = {
            **known.get("made", {}),
            part: time.strftime("%Y-%m-%d", time.gmtime()) + f" by python tools/phy/curves.py (seed {SEED})",
        }
        OUT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
