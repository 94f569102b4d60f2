"""What a witness remembers, and when it signs."""

from __future__ import annotations

import base64
import fcntl
import hmac
import os
import threading
import time as clock
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rabta.errors import RabtaError
from rabta.security.audit import notes, proofs
from rabta.security.audit.checkpoint import Checkpoint, decimal
from rabta.security.audit.log import disk
from rabta.security.audit.notes import COSIGNED_ED25519, COSIGNED_MLDSA44, Key, Note, Signing
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import hashes
from rabta.security.core import Rejected

MOST_REQUEST = notes.MOST_BYTES + 64 * 64
STATUS = {"unknown": 404, "signature": 403, "proof": 422, "split": 422, "stale": 409, "limit": 413}


@dataclass(frozen=True)
class Request:
    """A checkpoint for a witness, with the proof from the size that it is believed to know."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """Body of ``add-checkpoint``."""
        lines = [f"old {self.old}", *(base64.b64encode(item).decode() for item in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note

    @classmethod
    def decode(cls, raw: bytes) -> Request:
        """Request of a body; Rejected (``"malformed"`` or ``"limit"``)."""
        if len(raw) > MOST_REQUEST:
            raise Rejected("limit", f"a request of {len(raw)} bytes, at most {MOST_REQUEST} are taken")
        head, gap, note = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Rejected("malformed", "a request with other than ASCII in its head") from None
        if not gap or not first.startswith("old "):
            raise Rejected("malformed", "a request to a witness begins with the old size")
        return cls(decimal(first[4:]), hashes(lines), note)


class Witness:
    """A witness of some logs, with its memory in a folder.

    Parameters
    ----------
    folder : Path
        Holds the newest note of each log; one process at a time.
    keys : sequence of Signing
        Cosigning keys, all of one name.
    logs : mapping of str to sequence of Key
        Origins and verifier keys of the logs; every key of a log must have signed.
    """

    def __init__(self, folder: Path, keys: Sequence[Signing], logs: Mapping[str, Sequence[Key]]) -> None:
        if not keys or any(key.kind not in {COSIGNED_ED25519, COSIGNED_MLDSA44} for key in keys):
            raise RabtaError("a witness needs cosigning keys", key="keys")
        self.folder, self.keys = folder, tuple(keys)
        self.logs = {origin: Policy(origin, tuple(public)) for origin, public in logs.items()}
        with disk.told(folder, "the witness cannot keep its memory"):
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mutex = threading.Lock()
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise RabtaError("another process is this witness", file=folder) from None

    def close(self) -> None:
        """Let another process be this witness."""
        os.close(self._handle)

    @property
    def public(self) -> tuple[Key, ...]:
        """Keys that verify its cosignatures."""
        return tuple(key.public for key in self.keys)

    def path(self, origin: str) -> Path:
        """File of a log's newest note."""
        return self.folder / sha256(origin.encode()).hexdigest() / "checkpoint"

    def newest(self, origin: str) -> Checkpoint | None:
        """Newest head of a log that was signed; None before the first."""
        path = self.path(origin)
        if not path.exists():
            return None
        raw = path.read_bytes()
        try:
            found = self.logs[origin].head(raw)
            own = Note.parse(raw).times(self.public)
        except Rejected as error:
            raise RabtaError(f"the witness's memory is damaged: {error.problem}", file=path) from None
        if len(own) < len(self.keys):
            raise RabtaError("the witness's memory is not its own", file=path)
        return found

    def add(self, request: Request, now: int | None = None) -> str:
        """Signature lines for a checkpoint that goes on from the newest one; that is durable before.

        Raises
        ------
        Rejected
            With the reasons ``"unknown"`` (no log of it), ``"signature"``, ``"malformed"``, ``"stale"`` (the
            old size is not what is remembered; the error's value is), ``"proof"`` or ``"split"`` (another
            root of the same size: both notes are kept).
        """
        text = Note.parse(request.note).text
        origin = Checkpoint.parse(text).origin
        if origin not in self.logs:
            raise Rejected("unknown", "no log that this witness follows")
        head = self.logs[origin].head(request.note)
        if request.old > head.size:
            raise Rejected("malformed", "the old size is above the checkpoint's")
        with self._mutex, disk.told(self.folder, "not signed"):
            self._check(request, head)
            time = int(clock.time()) if now is None else now
            lines = "".join(key.line(text, time) for key in self.keys)
            self._keep(self.path(origin), _of(request.note, self.logs[origin].log, lines))
        return lines

    def _check(self, request: Request, head: Checkpoint) -> None:
        known = self.newest(head.origin)
        size = known.size if known else 0
        if known and head.size == size and not hmac.compare_digest(known.root, head.root):
            self._keep(self.path(head.origin).with_name("split"), request.note)
            raise Rejected("split", "the log signed two roots of one size")
        if request.old != size:
            raise Rejected("stale", "the old size is not the newest signed one", value=size)
        if known and size:
            proofs.verify_consistency(size, head.size, request.proof, known.root, head.root)
        elif request.proof:
            raise Rejected("proof", "a proof from the empty tree is empty")

    def _keep(self, path: Path, note: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        disk.replace(path, note)

    def answer(self, body: bytes, now: int | None = None) -> tuple[int, bytes]:
        """HTTP status and body for a request to ``add-checkpoint``."""
        try:
            return 200, self.add(Request.decode(body), now).encode()
        except Rejected as error:
            said = f"{error.value}\n" if error.reason == "stale" else f"{error.problem}\n"
            return STATUS.get(error.reason, 400), said.encode()


def _of(note: bytes, keys: Iterable[Key], lines: str) -> bytes:
    """Return a note with the signatures of the log's keys and the own lines alone."""
    parsed = Note.parse(note)
    known = {(key.name, key.identifier) for key in keys}
    kept = tuple(item for item in parsed.signatures if item[:2] in known)
    return notes.add(Note(parsed.text, kept).encode(), lines)
