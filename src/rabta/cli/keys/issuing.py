"""Officers, the root, requests, signatures, credentials."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.cli.audit._common import content, keys, passphrase, say, write
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.security.core import Signer
    from rabta.security.identity.cose import Signature

SIGNATURE = "signature"
Out = Annotated[Path, typer.Option("--out", help="File to write")]
Sealed = Annotated[bool, typer.Option(help="Key file under a passphrase (RABTA_PASSPHRASE or asked for)")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]
RootFile = Annotated[Path, typer.Option("--root", help="Root: officers' keys and how many must sign")]


def officer(
    key: Annotated[Path, typer.Argument(help="Private key file to make")],
    out: Annotated[Path, typer.Option("--public", help="Public key file to write")],
    sealed: Sealed = True,
    json_: Json = False,
) -> None:
    """Make an officer's signing key (ML-DSA-87 and Ed25519)."""
    from rabta.security.core import CompositePrivate
    from rabta.security.identity.cose import fingerprint
    from rabta.security.keystore import signers

    made = CompositePrivate.generate()
    signers.save(key, made, passphrase() if sealed else None)
    write(out, made.public.raw)
    say({"key": str(key), "public": str(out), "sha384": fingerprint(made.public).hex()}, json_)


def root(
    publics: Annotated[list[Path], typer.Argument(help="Officers' public keys")],
    threshold: Annotated[int, typer.Option(help="How many of them must sign")],
    out: Out,
    after: Annotated[Path | None, typer.Option(help="Root before, whose officers sign this one")] = None,
    json_: Json = False,
) -> None:
    """Write the root; every node is installed with it, and people compare its fingerprint."""
    from rabta.security.core import CompositePublic
    from rabta.security.identity.roots import RootPolicy

    serial = 0 if after is None else RootPolicy.decode(content(after)).serial + 1
    made = RootPolicy(threshold, tuple(CompositePublic(content(path)) for path in publics), serial)
    write(out, made.encode())
    told = {"root": str(out), "threshold": threshold, "officers": len(publics)}
    say({**told, "fingerprint": made.fingerprint}, json_)


def request(
    key: Annotated[Path, typer.Argument(help="Node's key file; made where it is missing")],
    name: Annotated[str, typer.Option(help="Name of the node")],
    last: Annotated[int, typer.Option(help="Last epoch in which the credential holds")],
    out: Out,
    first: Annotated[int, typer.Option(help="First epoch")] = 0,
    role: Annotated[str, typer.Option(help="node, gateway, vehicle, operator or authority")] = "node",
    clearance: Annotated[
        str, typer.Option(help="open, restricted, confidential, secret or top secret")
    ] = "open",
    device: Annotated[int, typer.Option(help="Number in the broadcast group; -1 for none")] = -1,
    sealed: Sealed = False,
    json_: Json = False,
) -> None:
    """Ask for a credential: the node's claims, signed by its own key."""
    from rabta.security.identity import issue as issuing
    from rabta.security.identity.credential import Claims

    held = issuing.NodeKeys.generate() if not key.exists() else None
    secret = passphrase() if sealed else None
    own = held or issuing.NodeKeys.load(key, secret)
    public = {number: pair.public for number, pair in own.keys.items()}
    claims = Claims(name, role, clearance, first, last, own.sign.public, public, device)
    if held is not None:
        held.save(key, secret)
    write(out, issuing.request(own, claims))
    say({"key": str(key), "request": str(out), **_claims(claims)}, json_)


def _claims(claims: Any) -> dict[str, object]:
    return {"name": claims.name, "role": claims.role, "clearance": claims.clearance,
            "epochs": f"{claims.first} to {claims.last}", "device": claims.device}  # fmt: skip


def drafted(raw: bytes, path: Path) -> tuple[str, bytes, dict[str, object]]:
    """Kind, payload and description of what officers are asked to sign: request, epoch or next root."""
    from rabta.security.core import Rejected

    problem = ""
    for reader in (_request, _epoch, _root):
        try:
            kind, payload, told = reader(raw)
        except Rejected as error:
            problem = problem or error.problem
            continue
        return kind, payload, {**told, "sha384": hashlib.sha384(payload).hexdigest()}
    raise RabtaError(f"neither a request nor an epoch nor a root: {problem}", file=path)


Draft = tuple[str, bytes, dict[str, object]]


def _request(raw: bytes) -> Draft:
    from rabta.security.identity import issue as issuing
    from rabta.security.identity.credential import CREDENTIAL

    claims = issuing.asked(raw)
    return CREDENTIAL, claims.encode(), _claims(claims)


def _epoch(raw: bytes) -> Draft:
    from rabta.security.identity.epochs import EPOCH, Epoch

    epoch = Epoch.decode(raw)
    revoked = [one.hex() for one in sorted(epoch.revoked)]
    told: dict[str, object] = {"epoch": epoch.number, "time": epoch.time, "revoked": revoked}
    return EPOCH, raw, told | ({"header": epoch.header.hex()} if epoch.header else {})


def _root(raw: bytes) -> Draft:
    from rabta.security.identity.roots import ROOT, RootPolicy

    root = RootPolicy.decode(raw)
    told = {"root": root.serial, "threshold": root.threshold, "officers": len(root.keys)}
    return ROOT, raw, {**told, "fingerprint": root.fingerprint}


def sign(
    what: Annotated[Path, typer.Argument(help="Request or epoch to sign")],
    out: Out,
    key: Annotated[Path | None, typer.Option(help="Officer's key file")] = None,
    token: Annotated[str | None, typer.Option(help="Officer's key in a token, as LABEL:NAME")] = None,
    module: Annotated[Path | None, typer.Option(envvar="RABTA_PKCS11", help="PKCS#11 library")] = None,
    sealed: Sealed = True,
    json_: Json = False,
) -> None:
    """Sign a request or an epoch as one officer; what is signed is shown."""
    from rabta.security.core import cbor
    from rabta.security.identity import cose

    kind, payload, told = drafted(content(what), what)
    with ExitStack() as stack:
        made = cose.endorse(kind, payload, _signer(stack, key, token, module, sealed))
    write(out, cbor.encode({"kind": kind, "officer": made.name, SIGNATURE: made.value}))
    say({**told, "officer": made.name.hex(), SIGNATURE: str(out)}, json_)


def _signer(
    stack: ExitStack, key: Path | None, token: str | None, module: Path | None, sealed: bool
) -> Signer:
    if (key is None) == (token is None):
        raise RabtaError("an officer signs with one key", key="--key, --token", expected="one of the two")
    if key is not None:
        from rabta.security.keystore import signers

        return signers.load(key, passphrase() if sealed else None)
    from rabta.cli.keys.token import opened

    label, gap, name = (token or "").partition(":")
    if not gap or module is None:
        raise RabtaError("a key in a token needs more", key="--token, --module", value=token,
                         expected="LABEL:NAME, and the maker's library")  # fmt: skip
    return stack.enter_context(opened(module, label)).open(name)


def signature(path: Path, kind: str) -> Signature:
    """Officer's signature of a file."""
    from rabta.security.core import Rejected, cbor
    from rabta.security.identity.cose import Signature

    found = cbor.decode(content(path))
    try:
        same, officer_, value = found["kind"] == kind, found["officer"], found[SIGNATURE]
    except (TypeError, KeyError):
        raise Rejected("malformed", "no officer's signature", file=path) from None
    if not same or not isinstance(officer_, bytes) or not isinstance(value, bytes):
        raise Rejected("malformed", f"no officer's signature of a {kind}", file=path)
    return Signature(officer_, value)


def issue(
    what: Annotated[Path, typer.Argument(help="Request or epoch that was signed")],
    signatures: Annotated[list[Path], typer.Argument(help="Officers' signatures")],
    root_: RootFile,
    log: Annotated[Path, typer.Option(help="Folder of the audit log")],
    log_key: Annotated[Path, typer.Option(help="The log's key file")],
    out: Out,
    sealed: Annotated[bool, typer.Option(help="The log's key file is under a passphrase")] = False,
    json_: Json = False,
) -> None:
    """Join enough signatures into a credential or statement, and put it on the log."""
    from rabta.security.audit.log import Log
    from rabta.security.identity.cose import Signed
    from rabta.security.identity.roots import RootPolicy

    kind, payload, told = drafted(content(what), what)
    parts = sorted((signature(path, kind) for path in signatures), key=lambda one: one.name)
    made = Signed(kind, payload, tuple(parts))
    RootPolicy.decode(content(root_)).check(made)
    with Log.open(log, keys(log_key, sealed)) as kept:
        index = kept.append(made.encode())
    write(out, made.encode())
    say({**told, "file": str(out), "entry": index}, json_)


def rotate(
    statement: Annotated[Path, typer.Argument(help="Next root as its officers before signed it")],
    out: Out,
    root_: RootFile,
    json_: Json = False,
) -> None:
    """Take the next root where enough officers of the one before signed it."""
    from rabta.security.identity.roots import RootPolicy

    after = RootPolicy.decode(content(root_)).successor(content(statement))
    write(out, after.encode())
    say({"root": str(out), "serial": after.serial, "fingerprint": after.fingerprint}, json_)


def bundle(
    file: Annotated[Path, typer.Argument(help="Credential")],
    proof: Annotated[Path, typer.Option(help="Its proof, as rabta audit prove writes it")],
    out: Out,
    epoch: Annotated[Path | None, typer.Option(help="Newest epoch's statement, to show with it")] = None,
    epoch_proof: Annotated[Path | None, typer.Option(help="Its proof")] = None,
    json_: Json = False,
) -> None:
    """Join credential and proof into what a node shows at the first contact."""
    from rabta.security.audit.portable import Inclusion
    from rabta.security.identity.issue import Bundle

    if (epoch is None) != (epoch_proof is None):
        raise RabtaError("an epoch goes with its proof", key="--epoch-proof", expected="both or none")
    later = None if epoch_proof is None else Inclusion.decode(content(epoch_proof))
    statement = b"" if epoch is None else content(epoch)
    made = Bundle(content(file), Inclusion.decode(content(proof)), statement, later)
    write(out, made.encode())
    say({"bundle": str(out), "bytes": len(made.encode())}, json_)
