"""``rabta overlay group``: a key for all devices but the revoked, and messages under it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.cli.audit._common import content, passphrase, policy_of, say, write
from rabta.cli.overlay.opening import secret
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.security.audit.policy import Policy
    from rabta.security.core import Rejected
    from rabta.security.core.peers import Peer
    from rabta.security.groups import Device
    from rabta.security.identity.epochs import Epoch
    from rabta.security.identity.issue import Bundle
    from rabta.security.identity.roots import RootPolicy
    from rabta.security.identity.trust import Trust

app = typer.Typer(help="Group keys for all but the revoked, and messages under them.", no_args_is_help=True)

MOST_HEADER = 1 << 26

Authority = Annotated[Path, typer.Argument(help="Key file of the group's authority")]
Root = Annotated[Path, typer.Option("--root", help="The nation's root, of rabta keys")]
Rule = Annotated[Path, typer.Option("--policy", help="Policy of the log (TOML)")]
Out = Annotated[Path, typer.Option("--out", help="File to write")]
Sealed = Annotated[bool, typer.Option(help="Key file under a passphrase: asked for, or RABTA_PASSPHRASE")]
Statement = Annotated[Path, typer.Option("--epoch", help="Statement of the epoch that states the header")]
Proof = Annotated[Path, typer.Option("--epoch-proof", help="Its proof")]
Head = Annotated[Path, typer.Option("--header", help="The epoch's group header")]
Own = Annotated[Path, typer.Option("--device", help="This device's key file")]
Older = Annotated[bool, typer.Option("--older", help="Take an epoch older than the newest that was seen")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


@app.callback()
def group() -> None:
    """Group keys for all but the revoked, and messages under them."""


@app.command()
def new(
    key: Annotated[Path, typer.Argument(help="Key file to make; who has it can make every group key")],
    depth: Annotated[int, typer.Option(help="The group holds up to 2^depth devices")] = 20,
    sealed: Sealed = True,
    json_: Json = False,
) -> None:
    """Make the authority of a group."""
    from rabta.security.groups import Authority as Made
    from rabta.security.groups import keeping

    keeping.save_authority(key, Made.generate(depth), passphrase() if sealed else None)
    say({"key": str(key), "devices": 1 << depth}, json_)


@app.command()
def device(
    authority: Authority,
    bundle: Annotated[Path, typer.Option(help="Bundle of the node; its credential has the device's number")],
    root: Root,
    rule: Rule,
    out: Out,
    sealed: Sealed = False,
    json_: Json = False,
) -> None:
    """Make the keys of one device, for the node whose credential bears its number; it never needs others."""
    from rabta.security.groups import keeping
    from rabta.security.identity.trust import Trust

    held = keeping.load_authority(authority, secret(authority, keeping.AUTHORITY))
    claims = Trust(_root(root), policy_of(rule)).claimed(_bundle(bundle))
    if claims.device < 0:
        raise RabtaError(f"the credential of {claims.name} bears no device number", file=bundle,
                         expected="rabta keys request --device NUMBER")  # fmt: skip
    keeping.save_device(out, held.device(claims.device), passphrase() if sealed else None)
    say({"key": str(out), "name": claims.name, "device": claims.device}, json_)


@app.command()
def header(
    authority: Authority,
    number: Annotated[int, typer.Option(help="Number of the epoch to come")],
    member: Annotated[list[Path], typer.Option(help="Bundle of who may be in the group; repeat")],
    root: Root,
    rule: Rule,
    out: Out,
    revoke: Annotated[list[Path] | None, typer.Option(help="Bundle of who is revoked now; repeat")] = None,
    after: Annotated[
        Path | None, typer.Option(help="Statement of the epoch before (none for 1): its revoked are out")
    ] = None,
    after_proof: Annotated[Path | None, typer.Option(help="Its proof")] = None,
    json_: Json = False,
) -> None:
    """Make an epoch's header: a new key for the members that hold, readable by nobody else.

    Its hash goes into the epoch by ``rabta keys epoch --header``. The key is kept nowhere: members have it.
    """
    from rabta.security.groups import keeping, roll

    held = keeping.load_authority(authority, secret(authority, keeping.AUTHORITY))
    trust = _before(root, policy_of(rule), after, after_proof)
    if after is None and number != 1:
        raise RabtaError("whoever was revoked before must stay out", key="--after",
                         expected="statement of the epoch before; only epoch 1 has none")  # fmt: skip
    if number <= trust.epoch.number:
        raise RabtaError("epochs only go up", key="--number", value=number,
                         expected=f"above {trust.epoch.number}")  # fmt: skip
    found = roll.called(map(_bundle, member), trust, number, list(map(_bundle, revoke or [])))
    if not found.members:
        told = "; ".join(f"{name}: {why}" for name, why in found.out.items())
        raise RabtaError("nobody is left who gets the key", key="--member", value=told)
    made, _ = held.header((), number, members=found.members)
    raw = made.to_bytes()
    write(out, raw)
    out_ = [f"{name}: {why}" for name, why in sorted(found.out.items())]
    say({"header": str(out), "bytes": len(raw), "epoch": number, "sha384": made.leaf().hex(),
         "members": sorted(found.members.values()), "out": out_}, json_)  # fmt: skip


@app.command()
def seal(
    file: Annotated[Path, typer.Argument(help="Message or key to seal, at most 16 MiB")],
    own: Own,
    head: Head,
    epoch: Statement,
    proof: Proof,
    root: Root,
    rule: Rule,
    key: Annotated[Path, typer.Option("--key", help="This node's key file, which signs")],
    bundle: Annotated[Path, typer.Option("--own", help="This node's bundle")],
    out: Out,
    json_: Json = False,
) -> None:
    """Seal a message for all who have the epoch's key; this node is one of them, and signs."""
    from rabta.security.groups import messages
    from rabta.security.identity.issue import NODE, NodeKeys

    plain = content(file, messages.MOST_MESSAGE)
    keys = NodeKeys.load(key, secret(key, NODE))
    trust, judged = _epoch(own, root, policy_of(rule), epoch, proof, older=False)
    mine = _accepted(trust, own, bundle, judged, older=False)
    if trust.claims(mine.identifier).verify.raw != keys.sign.public.raw:
        raise RabtaError(
            "the bundle is another node's", file=bundle, expected=f"the one that goes with {key.name}"
        )
    group_key = messages.group_key(_device(own), content(head, MOST_HEADER), judged)
    raw = messages.seal(plain, group_key, judged, mine.identifier, keys.sign)
    write(out, raw)
    say({"file": str(out), "bytes": len(raw), "epoch": judged.number, "sender": mine.name}, json_)


@app.command("open")
def open_(
    file: Annotated[Path, typer.Argument(help="Sealed message")],
    own: Own,
    head: Head,
    epoch: Statement,
    proof: Proof,
    root: Root,
    rule: Rule,
    sender: Annotated[Path, typer.Option("--from", help="Bundle of who sealed it")],
    out: Annotated[Path, typer.Option("--out", help="File to write, for its owner only")],
    older: Older = False,
    json_: Json = False,
) -> None:
    """Open a message as a member, however long it was away: header, epoch and message are enough."""
    from rabta.security.groups import messages
    from rabta.security.keystore import files

    message = messages.Message.parse(content(file, messages.MOST_BYTES))
    trust, judged = _epoch(own, root, policy_of(rule), epoch, proof, older=older)
    who = _accepted(trust, own, sender, judged, older=older)
    if who.identifier != message.sender:
        raise RabtaError(f"the message is not by {who.name}", key="--from", file=sender,
                         expected=f"bundle of {message.sender.hex()[:16]}")  # fmt: skip
    group_key = messages.group_key(_device(own), content(head, MOST_HEADER), judged)
    plain = message.open(group_key, judged, trust.claims(who.identifier).verify)
    files.write(out, plain)
    say({"file": str(out), "bytes": len(plain), "epoch": judged.number, "sender": who.name}, json_)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="Group header")],
    json_: Json = False,
) -> None:
    """Show a header's epoch, its size and the hash that the epoch must state."""
    from rabta.security.groups.header import parse

    raw = content(file, MOST_HEADER)
    found = parse(raw)
    say({"epoch": found.epoch, "depth": found.depth, "subsets": len(found.pairs), "bytes": len(raw),
         "sha384": found.leaf().hex()}, json_)  # fmt: skip


def _root(path: Path) -> RootPolicy:
    from rabta.security.identity.roots import RootPolicy

    return RootPolicy.decode(content(path))


def _bundle(path: Path) -> Bundle:
    from rabta.security.identity.issue import Bundle

    return Bundle.decode(content(path))


def _device(path: Path) -> Device:
    from rabta.security.groups import keeping

    return keeping.load_device(path, secret(path, keeping.DEVICE))


def _before(root: Path, policy: Policy, after: Path | None, proof: Path | None) -> Trust:
    """Trust with the epoch before; without one nobody is revoked yet."""
    from rabta.security.audit.portable import Inclusion
    from rabta.security.identity.trust import Trust

    found = Trust(_root(root), policy)
    if (after is None) != (proof is None):
        raise RabtaError(
            "an epoch goes with its proof", key="--after, --after-proof", expected="both or none"
        )
    if after is not None and proof is not None:
        found.advance(content(after), Inclusion.decode(content(proof)))
    return found


def _epoch(
    own: Path, root: Path, policy: Policy, statement: Path, proof: Path, *, older: bool
) -> tuple[Trust, Epoch]:
    """Epoch of the files, and who is who by the newest that this device has seen; kept beside its key."""
    from rabta.security.audit.portable import Inclusion
    from rabta.security.core import Rejected
    from rabta.security.identity.trust import Trust
    from rabta.security.overlay.members import kept

    state, shown = own.with_name(f"{own.name}.trust"), Trust(_root(root), policy)
    shown.advance(content(statement), Inclusion.decode(content(proof)))
    trust = kept(state, shown.root, policy)
    if shown.epoch.number < trust.epoch.number and not older:
        raise _over(shown.epoch, trust, statement)
    if shown.epoch.number > trust.epoch.number and shown.proof is not None:
        trust.advance(shown.statement, shown.proof)
        trust.save(state)
    elif shown.epoch.number == trust.epoch.number and shown.epoch != trust.epoch:
        raise Rejected("split", f"two epochs of the number {shown.epoch.number} are signed", file=statement)
    return trust, shown.epoch


def _accepted(trust: Trust, own: Path, bundle: Path, judged: Epoch, *, older: bool) -> Peer:
    """Peer of a bundle; a newer epoch that comes with the bundle is kept, and ends the one of the files."""
    found = trust.accept(_bundle(bundle))
    if trust.epoch.number > judged.number:
        trust.save(own.with_name(f"{own.name}.trust"))
        if not older:
            raise _over(judged, trust, bundle)
    return found


def _over(epoch: Epoch, trust: Trust, file: Path) -> Rejected:
    from rabta.security.core import Rejected

    return Rejected(
        "stale", f"epoch {epoch.number} is over, {trust.epoch.number} is known here", file=file,
        expected="the newest; group open takes --older to read what was sealed then",
    )  # fmt: skip
