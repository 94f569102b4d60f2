"""Suite ``identity``: who is accepted, who is not, and that no clock decides it.

Officers, nodes, log, witnesses and signatures are real; nothing is stored.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.security.core.peers import Peer
    from rabta.security.identity.issue import Bundle, NodeKeys
    from rabta.security.identity.trust import Trust

START = 1_800_000_000
TEN_YEARS_S = 10 * 365.25 * 86_400.0
NODES = 200
MUTATIONS = 3000
TARGET = "issue: identity; research/security-emulation E, S7"
FIPS = "FIPS 204, table 2; RFC 8032, 5.1"


@dataclass
class Nation:
    """Two of three officers, a log and two of three witnesses in a folder."""

    folder: Path
    time: int = START
    _made: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from rabta.security.audit.log import Log
        from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, Signing
        from rabta.security.audit.policy import Policy
        from rabta.security.core import CompositePrivate
        from rabta.security.identity.roots import RootPolicy

        self.officers = [CompositePrivate.generate() for _ in range(3)]
        self.root = RootPolicy(2, tuple(one.public for one in self.officers))
        key = Signing.generate("log.example", ED25519)
        self.log = Log.create(self.folder / "log", "log.example", [key])
        self.witnesses = [Signing.generate(f"w{k}.example", COSIGNED_MLDSA44) for k in range(3)]
        self.policy = Policy("log.example", (key.public,), tuple(w.public for w in self.witnesses), 2)

    def proved(self, raws: list[bytes], witnesses: int = 2) -> list[tuple[bytes, object]]:
        """Log some entries under one checkpoint; each with its proof."""
        from rabta.security.audit.notes import add

        first = self.log.extend(raws)
        self.time += 60
        note = self.log.checkpoint(self.time)
        text = note.split(b"\n\n")[0].decode() + "\n"
        for witness in self.witnesses[:witnesses]:
            note = add(note, witness.line(text, self.time))
        proofs = [replace(self.log.prove(first + k), note=note) for k in range(len(raws))]
        return list(zip(raws, proofs, strict=True))

    def credential(
        self, name: str, last: int, officers: int = 2, keys: NodeKeys | None = None
    ) -> bytes:  # fmt: skip
        """Credential of a node, with new keys where none are given."""
        from rabta.security.identity import credential, issue
        from rabta.security.identity.credential import Claims

        keys = keys or issue.NodeKeys.generate()
        public = {number: key.public for number, key in keys.keys.items()}
        claims = issue.asked(
            issue.request(keys, Claims(name, "node", "secret", 0, last, keys.sign.public, public))
        )
        return credential.credential(claims, [issue.endorse(claims, one) for one in self.officers[:officers]])

    def trust(self) -> Trust:
        """Return a newly installed node's view."""
        from rabta.security.identity.trust import Trust

        return Trust(self.root, self.policy)


@suite("identity", "Credentials, epochs and clocks: who is accepted")
def identity(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Quorums, revocation, expiry, clocks ten years off, sizes, mutations."""
    with tempfile.TemporaryDirectory() as folder:
        nation = Nation(Path(folder))
        raws = [nation.credential(f"node {k}", 20) for k in range(4)]
        raws += [nation.credential("lapsed", 0), nation.credential("lost", 20)]
        bundles = _bundles(nation, raws)
        return [
            *_quorums(nation, bundles[0]),
            *_clocks(nation, bundles),
            *_sizes(bundles[0]),
            _mutated(nation, bundles[0]),
        ]


def _bundles(nation: Nation, raws: list[bytes], witnesses: int = 2) -> list[Bundle]:
    from rabta.security.identity.issue import Bundle

    return [Bundle(raw, proof) for raw, proof in nation.proved(raws, witnesses)]  # type: ignore[arg-type]


def taken(trust: Trust, bundle: Bundle, now: float = 0.0) -> Peer | None:
    """Peer of a bundle, or None where it is refused."""
    from rabta.security.core import Rejected

    try:
        return trust.accept(bundle, now)
    except Rejected:
        return None


def _quorums(nation: Nation, good: Bundle) -> list[Row]:
    lone = _bundles(nation, [nation.credential("lone", 20, officers=1)])[0]
    hidden = replace(good, credential=nation.credential("hidden", 20))
    few = _bundles(nation, [good.credential], witnesses=1)[0]
    cases = {
        "two of three officers, two of three witnesses: accepted": (good, 1),
        "one officer: accepted": (lone, 0),
        "one witness: accepted": (few, 0),
        "signed by the root but not on the log: accepted": (hidden, 0),
    }
    return [
        Row(name, float(taken(nation.trust(), bundle) is not None), float(count), 0.0, TARGET)
        for name, (bundle, count) in cases.items()
    ]


def _clocks(nation: Nation, bundles: list[Bundle]) -> list[Row]:
    from rabta.security.identity import epochs

    *good, lapsed, lost = bundles
    name = nation.trust().accept(lost).identifier
    made = epochs.Epoch(1, epochs.short([name]))
    signed = [epochs.endorse(made, one) for one in nation.officers[1:]]
    statement, proof = nation.proved([epochs.combine(made, signed, nation.root)])[0]
    honest = wrong = fixes = 0
    rng = random.Random(8)  # noqa: S311 (draws a test)
    for _ in range(NODES):
        trust = nation.trust()
        trust.clock.set(START + rng.choice([-1, 1]) * TEN_YEARS_S, 1.0, 0.0)
        trust.advance(statement, proof, 1.0)  # type: ignore[arg-type]
        now = rng.uniform(1.0, 1e6)
        fixes += trust.clock.fix(START + TEN_YEARS_S * 2.0, 1e-6, now)
        honest += taken(trust, rng.choice(good), now) is not None
        wrong += sum(taken(trust, bundle, now) is not None for bundle in (lapsed, lost))
    words = f"{NODES} nodes with clocks 10 years off"
    return [
        Row(f"{words}: honest peers accepted", float(honest), float(NODES), 0.0, TARGET),
        Row(f"{words}: expired or revoked peers accepted", float(wrong), 0.0, 0.0, TARGET),
        Row(f"{words}: false times of navigation believed", float(fixes), 0.0, 0.0, TARGET),
    ]


def _sizes(bundle: Bundle) -> list[Row]:
    from rabta.security.core.composite import PUBLIC_BYTES, SIGNATURE_BYTES

    shown, mls = (
        float("nan"),
        "shown beside a key package of MLS with X-Wing and no root, 2,676 bytes (rine-mls 0.1.1)",
    )
    return [
        Row("public signing key (bytes)", float(PUBLIC_BYTES), 2592.0 + 32.0, 0.0, FIPS),
        Row("signature (bytes)", float(SIGNATURE_BYTES), 4627.0 + 64.0, 0.0, FIPS),
        Row(
            "credential, two suites, two officers (bytes)",
            float(len(bundle.credential)),
            2676.0,
            shown,
            mls,
            False,
        ),
        Row("first contact with its proof (bytes)", float(len(bundle.encode())), 2676.0, shown, mls, False),
    ]


def _mutated(nation: Nation, bundle: Bundle) -> Row:
    from rabta.security.core import Rejected
    from rabta.security.identity.issue import Bundle

    raw, trust, accepted = bundle.encode(), nation.trust(), 0
    rng = random.Random(5)  # noqa: S311 (draws a test)
    for _ in range(MUTATIONS):
        bad = bytearray(raw)
        for _ in range(rng.choice([1, 1, 1, 4])):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        try:
            found = Bundle.decode(bytes(bad))
            trust.accept(found)
        except Rejected:
            continue
        accepted += found.credential != bundle.credential
    return Row(
        f"{MUTATIONS:,} mutated bundles: another credential accepted", float(accepted), 0.0, 0.0, TARGET
    )
