"""kill -9 at random points: every acknowledged entry stays, and the last checkpoint is valid."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from rabta.security.audit import keys as stored
from rabta.security.audit.log import Log
from rabta.security.audit.log.check import check
from rabta.security.audit.policy import Policy
from rabta.security.audit.proofs import verify_consistency

ORIGIN = "audit.example/log"
KILLS = 50

WRITER = """
import sys
from pathlib import Path
from rabta.security.audit import keys
from rabta.security.audit.log import Log
log = Log.open(Path(sys.argv[1]), keys.load(Path(sys.argv[2])))
print("ready", flush=True)
while True:
    log.extend([b"%d" % (log.size + number) for number in range(1 + log.size % 300)])
    print(log.size, flush=True)
    if log.size % 3 == 0:
        log.checkpoint()
        print("checkpoint", log.covered, flush=True)
"""


def _killed(folder: Path, key: Path, seconds: float) -> list[str]:
    """Lines that a writer had acknowledged when it was killed."""
    command = [sys.executable, "-c", WRITER, str(folder), str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        lines = process.stdout.read().split("\n")
    return lines[:-1]  # what follows the last newline was not said in full


def test_kill_9_at_50_random_points(tmp_path: Path) -> None:
    draw, folder = random.Random(9), tmp_path / "log"
    keys = stored.generate(ORIGIN, stored.LOG)
    stored.save(tmp_path / "key", keys)
    Log.create(folder, ORIGIN, keys).close()
    policy = Policy(ORIGIN, tuple(key.public for key in keys))
    head, said = policy.check((folder / "checkpoint").read_bytes()), 0
    for _ in range(KILLS):
        lines = _killed(folder, tmp_path / "key", draw.uniform(0.0, 0.05))
        acknowledged = max([int(line) for line in lines if line.isdecimal()], default=0)
        covered = max([int(line.split()[1]) for line in lines if line.startswith("c")], default=0)
        said += len(lines)
        newer = policy.check((folder / "checkpoint").read_bytes())
        assert newer.size >= max(covered, head.size)
        with Log.open(folder, keys) as log:
            assert log.size >= max(acknowledged, newer.size)
            assert log.entries(0, log.size) == [b"%d" % number for number in range(log.size)]
            if head.size:
                proof = log.consistency(head.size)
                verify_consistency(head.size, newer.size, proof, head.root, newer.root)
        report = check(folder)
        assert report.problems == []
        head = newer
    assert said > KILLS
