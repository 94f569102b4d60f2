"""Looking at files of keys, and checking a bundle as a peer would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rabta.cli.audit._common import content, policy_of, say
from rabta.cli.keys.issuing import Json, RootFile
from rabta.errors import RabtaError


def show(
    file: Annotated[Path, typer.Argument(help="Root, request, credential, bundle, epoch or key file")],
    json_: Json = False,
) -> None:
    """Say what a file is; nothing secret is shown."""
    raw = content(file)
    for reader in (_root, _bundle, _credential, _request, _epoch, _private):
        told = reader(raw)
        if told is not None:
            say({"file": str(file), **told}, json_)
            return
    raise RabtaError("no file of keys", file=file, expected="a file that rabta keys wrote")


def _root(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected
    from rabta.security.identity.cose import fingerprint
    from rabta.security.identity.roots import RootPolicy

    try:
        found = RootPolicy.decode(raw)
    except Rejected:
        return None
    officers = [fingerprint(key).hex() for key in found.keys]
    return {"kind": "root", "serial": found.serial, "threshold": found.threshold,
            "fingerprint": found.fingerprint, "officers": officers}  # fmt: skip


def _bundle(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected
    from rabta.security.identity.issue import Bundle

    try:
        found = Bundle.decode(raw)
    except Rejected:
        return None
    inside = _credential(found.credential) or {}
    return {
        **inside,
        "kind": "bundle",
        "entry": found.proof.index,
        "bytes": len(raw),
        "epoch shown": bool(found.epoch),
    }


def _credential(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected
    from rabta.security.identity import cose, credential

    try:
        signed = cose.parse(raw, credential.CREDENTIAL)
        claims = credential.Claims.decode(signed.payload)
    except Rejected:
        return None
    return {"kind": "credential", **_told(claims), "identifier": credential.identifier(raw).hex(),
            "officers": [one.name.hex() for one in signed.signatures]}  # fmt: skip


def _told(claims: object) -> dict[str, object]:
    from rabta.cli.keys.issuing import _claims
    from rabta.security.core.suites import numbered

    suites = [numbered(number).name for number in sorted(claims.keys)]  # type: ignore[attr-defined]
    return {**_claims(claims), "suites": suites}


def _request(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected
    from rabta.security.identity import issue

    try:
        return {"kind": "request", **_told(issue.asked(raw))}
    except Rejected:
        return None


def _epoch(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected
    from rabta.security.identity import cose, epochs

    names: list[str] = []
    try:
        signed = cose.parse(raw, epochs.EPOCH)
        raw, names = signed.payload, [one.name.hex() for one in signed.signatures]
    except Rejected:
        pass
    try:
        found = epochs.Epoch.decode(raw)
    except Rejected:
        return None
    told = {"kind": "epoch" if names else "draft of an epoch", "number": found.number, "time": found.time}
    return {**told, "revoked": [one.hex() for one in sorted(found.revoked)], "officers": names}


def _private(raw: bytes) -> dict[str, object] | None:
    from rabta.security.core import Rejected, cbor

    try:
        found = cbor.decode(raw)
    except Rejected:
        return None
    if not isinstance(found, dict) or not {"magic", "version", "kind"} <= set(found):
        return None
    return {"kind": f"private key file ({found['kind']})", "version": found["version"]}


def check(
    file: Annotated[Path, typer.Argument(help="Bundle of a node")],
    root_: RootFile,
    rule: Annotated[Path, typer.Option("--policy", help="Policy of the log (TOML)")],
    epoch: Annotated[Path | None, typer.Option(help="Newest epoch's statement known here")] = None,
    epoch_proof: Annotated[Path | None, typer.Option(help="Its proof")] = None,
    json_: Json = False,
) -> None:
    """Accept a bundle as a peer would, or say why not."""
    from rabta.security.audit.portable import Inclusion
    from rabta.security.identity.issue import Bundle
    from rabta.security.identity.roots import RootPolicy
    from rabta.security.identity.trust import Trust

    trust = Trust(RootPolicy.decode(content(root_)), policy_of(rule))
    if epoch is not None:
        if epoch_proof is None:
            raise RabtaError("an epoch goes with its proof", key="--epoch-proof", expected="its file")
        trust.advance(content(epoch), Inclusion.decode(content(epoch_proof)))
    found = trust.accept(Bundle.decode(content(file)))
    say({"accepted": found.name, "role": found.role, "clearance": found.clearance, "epoch":
    trust.epoch.number,
         "identifier": found.identifier.hex()}, json_)  # fmt: skip
