"""The whole log recomputed from its entries: every bit of entries, tiles, journal and checkpoint counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from rabta.errors import RabtaError
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.log.journal import records
from rabta.security.audit.log.store import public_keys
from rabta.security.audit.log.tiles import ENTRIES, HEIGHT, WIDTH, expand, path_of, unpack
from rabta.security.audit.policy import Policy
from rabta.security.audit.tree import EMPTY, HASH_BYTES, fold, node_hash, peaks
from rabta.security.core import Rejected

MOST_SHOWN = 100


@dataclass
class Report:
    """What a check found.

    Attributes
    ----------
    checkpoint : Checkpoint or None
        None where the checkpoint itself is not valid.
    problems : list of str
        Each with its file; empty for a log that is whole.
    journal : int
        Entries that wait for a checkpoint.
    """

    checkpoint: Checkpoint | None = None
    problems: list[str] = field(default_factory=list)
    journal: int = 0

    def add(self, file: str, problem: str) -> None:
        """Note a problem of a file."""
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(f"{file}: {problem}")


def check(folder: Path) -> Report:
    """Recompute a log and compare every file that its checkpoint covers, and the journal.

    The verifier keys are those in the folder: who does not trust it checks the checkpoint with a policy too.
    """
    report = Report()
    try:
        public = public_keys(folder)
        head = Policy(public[0].name, tuple(public)).head((folder / "checkpoint").read_bytes())
    except Rejected as error:
        report.add("checkpoint", error.problem)
        return report
    report.checkpoint = head
    levels = [_leaves(folder, head.size, report)]
    while len(levels[-1]) >= WIDTH:
        row = levels[-1]
        levels.append([_above(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)])
    _compare(folder, levels, report)
    if _root(levels, head.size) != head.root:
        report.add("checkpoint", "its root is not that of the entries")
    _journal(folder, head.size, report)
    return report


def _leaves(folder: Path, size: int, report: Report) -> list[bytes]:
    """Hashes of all leaves; where a bundle is not readable, of as many empty ones."""
    found: list[bytes] = []
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        for path in _there(folder, ENTRIES, index, width, report):
            name = str(path.relative_to(folder))
            try:
                entries = unpack(path.read_bytes())
            except Rejected as error:
                report.add(name, error.problem)
                entries = []
            if len(entries) != _width(path):
                report.add(name, f"holds {len(entries)} entries")
            hashes = [sha256(b"\x00" + entry).digest() for entry in entries][:width]
            if len(found) == index * WIDTH:
                found += [*hashes, *[EMPTY] * (width - len(hashes))]
            elif found[index * WIDTH : index * WIDTH + len(hashes)] != hashes:
                report.add(name, "entries differ from those of the newer bundle")
        found += [EMPTY] * (index * WIDTH + width - len(found))
    return found


def _there(folder: Path, level: int | str, index: int, width: int, report: Report) -> list[Path]:
    """Files of a tile that the checkpoint covers, the widest first; one at least must be there."""
    widths = [width] if width == WIDTH else [width, WIDTH]
    if not any((folder / path_of(level, index, item)).is_file() for item in widths):
        report.add(path_of(level, index, width), "is missing")
    partial = folder / (path_of(level, index) + ".p")
    found = [path for path in partial.glob("*") if _width(path) <= width] if partial.is_dir() else []
    whole = folder / path_of(level, index)
    if whole.is_file() and (width == WIDTH or not (folder / path_of(level, index, width)).is_file()):
        found.append(whole)
    return sorted(found, key=_width, reverse=True)


def _width(path: Path) -> int:
    return int(path.name) if path.parent.name.endswith(".p") and path.name.isdecimal() else WIDTH


def _above(row: list[bytes]) -> bytes:
    left, right = expand(row)[-1]
    return node_hash(left, right)


def _compare(folder: Path, levels: list[list[bytes]], report: Report) -> None:
    for level, row in enumerate(levels):
        for index in range(-(-len(row) // WIDTH)):
            own = row[index * WIDTH : (index + 1) * WIDTH]
            for path in _there(folder, level, index, len(own), report):
                width = min(_width(path), len(own))
                raw = path.read_bytes()
                wrong = raw[: width * HASH_BYTES] != b"".join(own[:width])
                if wrong or len(raw) != _width(path) * HASH_BYTES:
                    report.add(str(path.relative_to(folder)), "is not what the entries hash to")


def _root(levels: list[list[bytes]], size: int) -> bytes:
    found = []
    for level, index in peaks(0, size):
        row, height = divmod(level, HEIGHT)
        hashes = levels[row][index << height : (index + 1) << height]
        while len(hashes) > 1:
            hashes = [node_hash(a, b) for a, b in zip(hashes[::2], hashes[1::2], strict=True)]
        found.append(hashes[0])
    return fold(found)


def _journal(folder: Path, size: int, report: Report) -> None:
    path = folder / "journal"
    if not path.exists():
        return
    try:
        for item, _ in records(path, path.read_bytes()):
            if item.start > size + report.journal or len(unpack(item.body)) != item.count:
                report.add("journal", "does not go on from the checkpoint")
                return
            report.journal = max(report.journal, item.start + item.count - size)
    except RabtaError as error:
        report.add("journal", f"{error.problem}, {error.value or ''}")
