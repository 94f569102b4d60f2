"""The audit log measured: appends, proofs, checkpoints with witnesses, and a check of the whole.

Usage: python bench/audit.py [--peer FOLDER]

FOLDER holds pymerkle (``pip install --target FOLDER pymerkle``), which is measured in the same run; left out
where it is not there, and the result says so. CPU seconds, least of several runs; fsync waits show in wall
seconds. Results go to bench/results/audit.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rabta.security.audit import keys as stored
from rabta.security.audit.log import Log
from rabta.security.audit.log.check import check
from rabta.security.audit.policy import Policy
from rabta.security.audit.proofs import inclusion, verify_inclusion
from rabta.security.audit.tree import Tree, leaf_hash
from rabta.security.audit.witness import Witness, gather

RESULTS = Path(__file__).parent / "results" / "audit.json"
SHARED_MEMORY = Path("/dev/shm")
ORIGIN = "audit.example/bench"
LEAVES, BATCH, PROOFS, ENTRY_BYTES = 1 << 20, 1 << 16, 20_000, 48
PEER_LEAVES, PEER_PROOFS = 1 << 16, 2000


def least(job: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Least CPU and wall seconds of several runs."""
    found = []
    for _ in range(times):
        cpu, wall = time.process_time(), time.perf_counter()
        job()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(item[0] for item in found), min(item[1] for item in found)


def entries(count: int) -> list[bytes]:
    """Entries of 48 bytes, as long as an identifier."""
    return [number.to_bytes(ENTRY_BYTES, "big") for number in range(count)]


def grown(count: int) -> Tree:
    """A tree in memory."""
    tree = Tree()
    tree.extend(entries(count))
    return tree


def memory() -> dict[str, Any]:
    """Appends to a tree in memory; proofs made and verified."""
    own = entries(LEAVES)
    cpu, wall = least(lambda: Tree().extend(own))
    tree = grown(LEAVES)
    draw = random.Random(1)
    picked = [draw.randrange(LEAVES) for _ in range(PROOFS)]
    told: dict[str, Any] = {"leaves_a_cpu_s": round(LEAVES / cpu), "leaves_a_s": round(LEAVES / wall)}
    for size in (LEAVES, LEAVES - 12_345):
        root = tree.root(size)

        def prove(size: int = size, root: bytes = root) -> None:
            known: dict[tuple[int, int], bytes] = {}
            for at in picked:
                index = at % size
                proof = inclusion(tree.node, index, size, known)
                verify_inclusion(leaf_hash(own[index]), index, size, proof, root)

        told[f"prove_verify_a_cpu_s_of_{size}"] = round(PROOFS / least(prove)[0])
    return told | {"proof_bytes_at_2_20": 32 * len(inclusion(tree.node, 5, LEAVES))}


def on_disk(folder: Path) -> dict[str, Any]:
    """Appends to a log on disk, each batch synced, then a checkpoint; proofs from tiles; the check."""
    own, keys = entries(LEAVES), stored.generate(ORIGIN, stored.LOG)
    runs = iter(range(9))

    def append() -> None:
        with Log.create(folder / f"log{next(runs)}", ORIGIN, keys) as log:
            for start in range(0, LEAVES, BATCH):
                log.extend(own[start : start + BATCH])
            log.checkpoint()

    cpu, wall = least(append)
    draw = random.Random(1)
    picked = [draw.randrange(LEAVES) for _ in range(PROOFS)]
    with Log.open(folder / "log0") as log:
        root = log.root()

        def prove() -> None:
            for index in picked:
                verify_inclusion(leaf_hash(own[index]), index, LEAVES, log.inclusion(index), root)

        cold = least(prove, 1)[0]
        warm = least(prove, 2)[0]
    whole = least(lambda: check(folder / "log0"), 1)[0]
    assert not check(folder / "log0").problems
    return {
        "leaves_a_cpu_s": round(LEAVES / cpu),
        "leaves_a_s": round(LEAVES / wall),
        "batch": BATCH,
        "prove_verify_a_cpu_s_cold": round(PROOFS / cold),
        "prove_verify_a_cpu_s_warm": round(PROOFS / warm),
        "check_leaves_a_cpu_s": round(LEAVES / whole),
    }


def creation(folder: Path, count: int = 1000) -> float:
    """CPU milliseconds for a new file of 8 kB; a log makes two in 256 entries."""
    (folder / "files").mkdir()

    def make() -> None:
        for number in range(count):
            (folder / "files" / f"{time.perf_counter_ns()}-{number}").write_bytes(bytes(8192))

    return round(1000 * least(make)[0] / count, 4)


def single(folder: Path) -> dict[str, Any]:
    """Appends of one entry each, every one synced."""
    with Log.create(folder / "single", ORIGIN, stored.generate(ORIGIN, stored.LOG)) as log:
        cpu, wall = least(lambda: [log.append(b"entry") for _ in range(1000)])
    return {"appends_a_cpu_s": round(1000 / cpu), "appends_a_s": round(1000 / wall)}


def checkpoints(folder: Path, seconds: int = 10) -> dict[str, Any]:
    """A checkpoint each second with 3 of 5 ML-DSA-44 witnesses, 50,000 entries in between."""
    keys = stored.generate(ORIGIN, stored.LOG)
    public = tuple(key.public for key in keys)
    owns = [stored.generate(f"w{number}.example", stored.WITNESS) for number in range(5)]
    witnesses = [Witness(folder / own[0].name, own, {ORIGIN: public}) for own in owns]
    policy = Policy(ORIGIN, public, tuple(own[0].public for own in owns), 3)
    took, cpus, checked = [], [], []
    with Log.create(folder / "witnessed", ORIGIN, keys) as log:
        for _ in range(seconds):
            began, cpu = time.perf_counter(), time.process_time()
            log.extend(entries(50_000))
            log.checkpoint()
            note, refused = gather(log, policy.witnesses, [one.answer for one in witnesses])
            took.append(time.perf_counter() - began)
            cpus.append(time.process_time() - cpu)
            assert not refused
            checked.append(least(lambda note=note: policy.check(note))[0])  # type: ignore[misc]
            time.sleep(max(0.0, 1.0 - took[-1]))
        size = len(log.note)
    for one in witnesses:
        one.close()
    return {
        "checkpoints": seconds,
        "late_by_more_than_a_second": sum(item > 1.0 for item in took),
        "wall_s_median": round(statistics.median(took), 4),
        "wall_s_most": round(max(took), 4),
        "cpu_s_median": round(statistics.median(cpus), 4),
        "note_bytes_with_5_witnesses": size,
        "policy_check_cpu_ms": round(1000 * min(checked), 3),
    }


def peer(folder: Path | None) -> dict[str, Any]:
    """Run pymerkle over the same entries, and our own at its size."""
    if folder is None or not (folder / "pymerkle").is_dir():
        return {"peer": "pymerkle was not there"}
    sys.path.insert(0, str(folder))
    from pymerkle import InmemoryTree
    from pymerkle import verify_inclusion as theirs

    own, draw = entries(PEER_LEAVES), random.Random(1)
    picked = [draw.randrange(PEER_LEAVES) for _ in range(PEER_PROOFS)]
    tree = InmemoryTree(algorithm="sha256")
    cpu = time.process_time()
    for entry in own:
        tree.append_entry(entry)
    appended = PEER_LEAVES / (time.process_time() - cpu)
    root = tree.get_root()
    ours = grown(PEER_LEAVES)
    assert root == ours.root(), "the two trees differ"

    def prove() -> None:
        for index in picked:
            proof = tree.prove_inclusion(index + 1, PEER_LEAVES)
            theirs(tree.get_leaf(index + 1), root, proof)

    def prove_ours() -> None:
        for index in picked:
            proof = inclusion(ours.node, index, PEER_LEAVES)
            verify_inclusion(leaf_hash(own[index]), index, PEER_LEAVES, proof, root)

    rate, own_rate = PEER_PROOFS / least(prove)[0], PEER_PROOFS / least(prove_ours)[0]
    own_append = PEER_LEAVES / least(lambda: Tree().extend(own))[0]
    return {
        "peer": "pymerkle 7.0.0, InmemoryTree, same entries, same root",
        "leaves": PEER_LEAVES,
        "append_a_cpu_s": {"pymerkle": round(appended), "ours": round(own_append)},
        "append_ratio": round(own_append / appended, 1),
        "prove_verify_a_cpu_s": {"pymerkle": round(rate), "ours": round(own_rate)},
        "prove_verify_ratio": round(own_rate / rate, 1),
    }


def main() -> None:
    """Measure all and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
            "versions": {"python": platform.python_version()},
            "memory": memory(),
            "file_creation_cpu_ms": {"disk": creation(folder)},
            "disk": on_disk(folder),
            "single": single(folder),
            "checkpoints": checkpoints(folder),
            "peer": peer(asked.peer),
        }
    if SHARED_MEMORY.is_dir():
        with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as name:
            result["file_creation_cpu_ms"]["file system in memory"] = creation(Path(name))
            result["file_system_in_memory"] = on_disk(Path(name))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
