"""What makes a checkpoint one to build on: the log's keys, the witnesses and how many of them must sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rabta.errors import RabtaError
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.notes import Key, Note
from rabta.security.core import Rejected, cbor


@dataclass(frozen=True)
class Policy:
    """A log and k of n witnesses.

    Attributes
    ----------
    origin : str
        The log's name in its checkpoints.
    log : tuple of Key
        Keys of the log; a checkpoint needs a signature of each (Ed25519 and ML-DSA-44: both must fall).
    witnesses : tuple of Key
        Keys of the witnesses; a witness with two keys (one name) counts once, where both signed.
    quorum : int
        How many witnesses must have signed.
    """

    origin: str
    log: tuple[Key, ...]
    witnesses: tuple[Key, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        names = {key.name for key in self.witnesses}
        if not self.log or not 0 <= self.quorum <= len(names):
            raise RabtaError(
                "a policy needs a key of the log and as many witnesses as its quorum",
                key="quorum",
                value=self.quorum,
                expected=f"0 to {len(names)}",
            )
        if names & {key.name for key in self.log}:
            raise RabtaError("a log is no witness of its own", key="witnesses")

    def check(self, note: bytes) -> Checkpoint:
        """Checkpoint of a note that meets the policy, with the time of its quorum.

        Raises
        ------
        Rejected
            With the reasons ``"malformed"``, ``"unknown"`` (another log's), ``"signature"`` (the log's is
            lacking, or a known one does not hold) or ``"quorum"``.
        """
        found = self.head(note)
        seen = [min(stated) for stated in self._times(Note.parse(note)).values()]
        if len(seen) < self.quorum:
            raise Rejected("quorum", f"{len(seen)} of the {self.quorum} witnesses that must sign did")
        newest = sorted(seen, reverse=True)
        return replace(found, time=newest[self.quorum - 1] if self.quorum else 0)

    def head(self, note: bytes) -> Checkpoint:
        """Checkpoint that the log itself signed, whoever witnessed it."""
        parsed = Note.parse(note)
        found = Checkpoint.parse(parsed.text)
        if found.origin != self.origin:
            raise Rejected("unknown", "a checkpoint of another log", expected=self.origin)
        if len(parsed.times(self.log)) < len(self.log):
            raise Rejected("signature", "a checkpoint without the log's signatures")
        return found

    def witnessed(self, note: bytes) -> list[str]:
        """Names of the witnesses that signed, sorted."""
        return sorted(self._times(Note.parse(note)))

    def _times(self, note: Note) -> dict[str, list[int]]:
        """Times stated by the witnesses of which every key signed."""
        times = note.times(self.witnesses)
        found: dict[str, list[int]] = {}
        for key in self.witnesses:
            found.setdefault(key.name, []).append(times.get(key, -1))
        return {name: stated for name, stated in found.items() if -1 not in stated}

    def fields(self) -> dict[str, object]:
        """Return the policy as plain values."""
        return {
            "origin": self.origin,
            "log": [key.text for key in self.log],
            "witnesses": [key.text for key in self.witnesses],
            "quorum": self.quorum,
        }

    @classmethod
    def of(cls, fields: object) -> Policy:
        """Policy of plain values; Rejected (``"malformed"``) where they are none."""
        if not isinstance(fields, Mapping) or set(fields) != {"origin", "log", "witnesses", "quorum"}:
            raise Rejected("malformed", "no policy", expected="origin, log, witnesses and quorum")
        keys = [fields["log"], fields["witnesses"]]
        texts = all(isinstance(row, list) and all(isinstance(item, str) for item in row) for row in keys)
        if not texts or type(fields["quorum"]) is not int or not isinstance(fields["origin"], str):
            raise Rejected("malformed", "a policy with values of wrong types")
        log, witnesses = (tuple(Key.parse(item) for item in row) for row in keys)
        return cls(fields["origin"], log, witnesses, fields["quorum"])

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        return cbor.encode(self.fields())

    @classmethod
    def decode(cls, raw: bytes) -> Policy:
        """Policy of its bytes."""
        return cls.of(cbor.decode(raw))
