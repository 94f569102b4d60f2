"""The long runs of information security: mutated messages, replays, kills.

Usage: python bench/soak_security.py [NAME ...] [--share 1.0]

Runs every module of bench/soak (or the named ones), one after the other, each with its own default count,
and shows how far it is. A module writes bench/results/soak_NAME.json with its date. With ``--share 0.01``
each does a hundredth of its count and its result is not kept. The exit status is 1 where anything was
accepted that must not be, a nonce came twice, or something raised anything but a refusal.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
BAD = ("accepted", "crashes", "reused", "nonce_reuse", "nonces_reused", "lost_by_overlay", "false_rejects")


def names() -> list[str]:
    """Modules of bench/soak."""
    return sorted(path.stem for path in (FOLDER / "soak").glob("*.py") if not path.stem.startswith("_"))


def bad(result: object) -> dict[str, int]:
    """Counts that must be zero and are not, at any depth of a result."""
    found: dict[str, int] = {}
    if isinstance(result, dict):
        for key, value in result.items():
            if key in BAD and isinstance(value, int) and value:
                found[key] = value
            else:
                found |= bad(value)
    elif isinstance(result, list):
        for value in result:
            found |= bad(value)
    return found


def run(name: str, share: float) -> bool:
    """Run one module; True where all that must be zero is zero."""
    script, kept = FOLDER / "soak" / f"{name}.py", RESULTS / f"soak_{name}.json"
    before = kept.read_bytes() if kept.is_file() else None
    command = [sys.executable, str(script)]
    if share < 1.0:
        command += ["--count", str(max(1, round(default(script) * share)))]
    began = time.perf_counter()
    print(f"{name}: {' '.join(command[1:])}", flush=True)
    done = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while done.poll() is None:
        time.sleep(0.2)
        seconds = int(time.perf_counter() - began)
        if seconds and seconds % 60 == 0:
            print(f"{name}: {seconds // 60} min", flush=True)
            time.sleep(1.0)
    result = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    if share < 1.0:
        restore(kept, before)
    wrong = bad(result)
    good = done.returncode == 0 and bool(result) and not wrong
    print(f"{name}: {'good' if good else 'BAD'} after {time.perf_counter() - began:.0f} s {wrong or ''}")
    return good


def restore(path: Path, before: bytes | None) -> None:
    """Put a result back that a short run has overwritten."""
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(before)


def default(script: Path) -> int:
    """Default count of a module, from the line that declares its option."""
    for line in script.read_text(encoding="utf-8").splitlines():
        if '"--count"' in line and "default=" in line:
            word = line.split("default=")[1].split(",")[0].split(")")[0]
            if word.replace("_", "").isdigit():
                return int(word)
    return 1_000_000


def main() -> None:
    """Run all or the named modules."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*names(), []])
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    good = [run(name, asked.share) for name in asked.names or names()]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
