"""What cssrlib reads in files of PPP-B2b messages, as digests: ``tests/pnt/b2b/cssrlib.json``.

cssrlib is not a dependency: ``python tools/pnt/b2b_peer.py FILE... --peer FOLDER`` runs the one that a folder
holds (made with cssrlib 1.2.1). A line for each thing that a message says, in `rabta.verify.pnt.b2b`'s form.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib
import json
import math
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "tests" / "pnt" / "b2b" / "cssrlib.json"
STEPS = {"2": (0.0016, 0.0064, 0.0064), "3": (0.017,), "4": (0.0016,)}
FIRST = {"BDS": 0, "GPS": 63, "GAL": 100, "GLO": 137}


def raw(value: float, step: float) -> str:
    """Whole number of steps; a dash where there is none."""
    return "-" if math.isnan(value) else str(round(value / step))


class Peer:
    """cssrlib's decoder of one sender, listened to."""

    def __init__(self) -> None:
        self.gnss = importlib.import_module("cssrlib.gnss")
        self.decoder: Any = importlib.import_module("cssrlib.cssr_bds").cssr_bds()
        self.decoder.monlevel, self.decoder.week, self.decoder.tow0 = 0, 1000, 0
        self.lines: list[str] = []
        self.slots: list[int] = []
        self._listen()

    def _listen(self) -> None:
        decoder, lc = self.decoder, self.decoder.lc[0]
        orbit, clock, slot2prn = decoder.decode_cssr_orb_sat, decoder.decode_cssr_clk_sat, decoder.slot2prn

        def hear_slot(slot: int) -> Any:
            self.slots.append(slot)
            return slot2prn(slot)

        def hear_clock(msg: bytes, i: int, inet: int, sat: int) -> Any:
            out = clock(msg, i, inet, sat)
            self.lines.append(f"4 {self.slot(sat)} {lc.iodc_c[sat]} {raw(-lc.dclk[sat], STEPS['4'][0])}")
            return out

        def hear_orbit(msg: bytes, i: int, inet: int, known: Any) -> Any:
            out = orbit(msg, i, inet, known)
            slot = self.slots[-1]
            sat = self.satellite(slot)
            if sat in known:
                numbers = [raw(x, s) for x, s in zip(lc.dorb[sat], STEPS["2"], strict=True)]
                fields = [slot, lc.iode[sat], lc.iodc[sat], *numbers, f"{decoder.ura[sat]:.6f}"]
                self.lines.append("2 " + " ".join(str(field) for field in fields))
            return out

        decoder.decode_cssr_orb_sat, decoder.decode_cssr_clk_sat = hear_orbit, hear_clock
        decoder.slot2prn = hear_slot

    def slot(self, sat: int) -> int:
        """PPP-B2b's number of cssrlib's satellite."""
        system, prn = self.gnss.sat2prn(sat)
        return FIRST[system.name] + int(prn)

    def satellite(self, slot: int) -> int:
        """Cssrlib's satellite; 0 where the number means none."""
        for name, before in reversed(FIRST.items()):
            if before < slot <= 174:
                return int(self.gnss.prn2sat(getattr(self.gnss.uGNSS, name), slot - before))
        return 0

    def message(self, data: bytes) -> None:
        """Decode a message and write down what it says."""
        kind, decoder = data[0] >> 2, self.decoder
        if kind not in range(1, 8):
            return
        self.slots = []
        decoder.decode_cssr(data, 0)
        if kind == 1:
            slots = ",".join(str(self.slot(sat)) for sat in decoder.sat_n)
            self.lines.append(f"1 {decoder.iodssr} {decoder.iodp} {slots}")
        if kind == 3 and decoder.iodssr == (data[3] >> 3 & 3):
            self._biases()

    def _biases(self) -> None:
        for slot in self.slots:
            sat = self.satellite(slot)
            if sat in self.decoder.sat_n:
                found = {str(k)[2:]: v for k, v in self.decoder.lc[0].cbias[sat].items()}
                for code, value in sorted(found.items()):
                    self.lines.append(f"3 {slot} {code} {raw(value, STEPS['3'][0])}")


def summary(path: Path) -> dict[str, dict[str, object]]:
    """Digest and number of lines of each sender."""
    peers: dict[int, Peer] = {}
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in text.decode("ascii").splitlines():
        parts = line.split()
        peers.setdefault(int(parts[2]), Peer()).message(bytes.fromhex(parts[5]))
    found: dict[str, dict[str, object]] = {}
    for prn, peer in sorted(peers.items()):
        digest = hashlib.sha256("\n".join(peer.lines).encode()).hexdigest()
        found[f"C{prn:02d}"] = {"lines": len(peer.lines), "sha256": digest}
    return found


def main() -> None:
    """Write the digests of the files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--peer", type=Path, required=True, help="folder that holds cssrlib")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.peer))
    digests = {path.name: summary(path) for path in arguments.files}
    OUT.write_text(json.dumps({"peer": "cssrlib 1.2.1", "files": digests}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(digests, indent=1))


if __name__ == "__main__":
    main()
