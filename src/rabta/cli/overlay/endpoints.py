"""``rabta overlay node``, ``listen`` and ``connect``: files between two machines over UDP."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from rabta.cli.overlay.opening import Asked, opened
from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.security.overlay.udp import Endpoint

Key = Annotated[Path, typer.Option("--key", help="This node's key file")]
Card = Annotated[Path, typer.Option("--peer", help="The other node's card; with --root its bundle")]
Own = Annotated[Path | None, typer.Option("--own", help="With --root: this node's bundle")]
Root = Annotated[
    Path | None, typer.Option("--root", help="The nation's root, of rabta keys; none with cards")
]
Rule = Annotated[Path | None, typer.Option("--policy", help="With --root: policy of the log (TOML)")]
Epoch = Annotated[
    Path | None, typer.Option("--epoch", help="With --root: newest epoch; looked at again while it runs")
]
Proof = Annotated[Path | None, typer.Option("--epoch-proof", help="Its proof")]
Suite = Annotated[str, typer.Option(help="NS or CI; the same on both sides")]
Ledger = Annotated[
    Path | None, typer.Option(help="File in which sessions outlive a crash (mode 0600); none if left out")
]
Wait = Annotated[float, typer.Option(help="Give up after so many seconds")]
LogFolder = Annotated[
    Path | None, typer.Option("--log", help="Audit log of rabta audit: sessions, keys, refusals, epochs")
]
LogKey = Annotated[Path | None, typer.Option(help="With --log: the log's key file")]
LogStop = Annotated[
    bool,
    typer.Option("--log-stop", help="End where the log takes nothing; else traffic goes on, and says so"),
]


def node(
    name: Annotated[str, typer.Argument(help="Name of the node")],
    key: Annotated[Path, typer.Option("--key", help="Key file to make; it must stay on this machine")],
    card: Annotated[Path, typer.Option("--card", help="Card to make: public, for the other node")],
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Key file under a passphrase: asked for, or RABTA_PASSPHRASE")
    ] = False,
) -> None:
    """Make a node's keys, and the card that others need of it."""
    from rabta import io
    from rabta.cli.audit._common import passphrase
    from rabta.security.overlay import pinned

    if not 0 < len(name) <= 200:
        raise RabtaError("name out of range", key="NAME", value=len(name), expected="1 to 200 letters")
    made = pinned.make(key, name, passphrase() if sealed else None)
    io.write_atomic(card, made)
    print(f"keys in {key}, card in {card}: identifier {pinned.read(made).identifier.hex()[:16]}")


def listen(
    key: Key,
    peer: Card,
    out: Annotated[Path, typer.Option("--out", help="File to receive")],
    at: Annotated[str, typer.Option("--listen", help="Address and port; port 0 lets the system choose")],
    suite: Suite = "NS",
    ledger: Ledger = None,
    wait_s: Wait = 3600.0,
    own: Own = None,
    root: Root = None,
    rule: Rule = None,
    epoch: Epoch = None,
    epoch_proof: Proof = None,
    log: LogFolder = None,
    log_key: LogKey = None,
    log_stop: LogStop = False,
) -> None:
    """Receive one file from a peer; after a crash it goes on where it stopped."""
    from rabta.security.overlay.streams import Receiving

    asked = Asked(
        key, peer, suite, ledger, at, wait_s, own, root, rule, epoch, epoch_proof, log, log_key, log_stop
    )
    with closing(opened(asked)) as node_:
        endpoint = node_.endpoint
        print(f"listening on {endpoint.address[0]}:{endpoint.address[1]}", flush=True)
        receiving = Receiving(endpoint, node_.other.identifier, out)
        until, quiet_from = endpoint.clock() + wait_s, float("inf")
        while endpoint.clock() < min(until, quiet_from):
            node_.watch()
            receiving.turn()
            if receiving.whole:  # the last acknowledgement may get lost: answer for a while
                quiet_from = min(quiet_from, endpoint.clock() + LINGER_S)
        receiving.close()
    _told(receiving.whole, out, endpoint, wait_s)


LINGER_S = 2.0


def connect(
    address: Annotated[str, typer.Argument(help="The other node, as 127.0.0.1:4500")],
    key: Key,
    peer: Card,
    send: Annotated[str, typer.Option("--send", help="File to send; - reads standard input")],
    at: Annotated[str, typer.Option("--listen", help="Own address and port")] = "0.0.0.0:0",
    suite: Suite = "NS",
    ledger: Ledger = None,
    wait_s: Wait = 3600.0,
    own: Own = None,
    root: Root = None,
    rule: Rule = None,
    epoch: Epoch = None,
    epoch_proof: Proof = None,
    log: LogFolder = None,
    log_key: LogKey = None,
    log_stop: LogStop = False,
) -> None:
    """Send one file to a peer; started again after a crash it sends only the rest."""
    from rabta.security.overlay.streams import Sending
    from rabta.security.overlay.udp import packed, parsed

    there = packed(parsed(address, "ADDRESS"))
    at = "[::]:0" if at == "0.0.0.0:0" and address.startswith("[") else at
    asked = Asked(
        key, peer, suite, ledger, at, wait_s, own, root, rule, epoch, epoch_proof, log, log_key, log_stop
    )
    with closing(opened(asked)) as node_, _source(send) as stream:
        endpoint, other = node_.endpoint, node_.other
        sending = Sending(endpoint, other.identifier, stream)
        until, tried = endpoint.clock() + wait_s, -1e9
        while not sending.sender.done and endpoint.clock() < until:
            node_.watch()
            if not endpoint.node.ready(other.identifier) and endpoint.clock() > tried + RETRY_S:
                tried = endpoint.clock()
                endpoint.flush(endpoint.node.connect(other.identifier, there, tried))
            sending.turn()
    _told(sending.sender.done, Path(send), endpoint, wait_s)


RETRY_S = 1.0


def forward(
    key: Key,
    peer: Card,
    port: Annotated[str, typer.Option("--port", help="Local address and port that is carried")],
    at: Annotated[str, typer.Option("--listen", help="Own address and port of the overlay")],
    to: Annotated[
        str | None, typer.Option("--to", help="The other node's address; waits for it if left out")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Where the peer's datagrams go on this machine")] = None,
    suite: Suite = "NS",
    ledger: Ledger = None,
    wait_s: Annotated[float, typer.Option(help="End after so many seconds")] = 86400.0,
    own: Own = None,
    root: Root = None,
    rule: Rule = None,
    epoch: Epoch = None,
    epoch_proof: Proof = None,
    log: LogFolder = None,
    log_key: LogKey = None,
    log_stop: LogStop = False,
) -> None:
    """Carry a local UDP port to a peer and back."""
    from rabta.security.overlay.forward import Forward
    from rabta.security.overlay.udp import packed, parsed

    there = None if to is None else packed(parsed(to, "--to"))
    goal = None if target is None else parsed(target, "--target")
    inside = parsed(port, "--port")
    asked = Asked(
        key, peer, suite, ledger, at, wait_s, own, root, rule, epoch, epoch_proof, log, log_key, log_stop
    )
    with closing(opened(asked)) as node_:
        endpoint, other = node_.endpoint, node_.other
        carried = Forward(endpoint, other.identifier, inside, goal)
        print(f"listening on {endpoint.address[0]}:{endpoint.address[1]}", flush=True)
        until, tried = endpoint.clock() + wait_s, -1e9
        while endpoint.clock() < until:
            node_.watch()
            if there and not endpoint.node.ready(other.identifier) and endpoint.clock() > tried + RETRY_S:
                tried = endpoint.clock()
                endpoint.flush(endpoint.node.connect(other.identifier, there, tried))
            carried.turn()
        carried.close()


def _source(send: str) -> IO[bytes]:
    """File to send; what comes by standard input is kept in a file without a name first."""
    if send != "-":
        try:
            return Path(send).open("rb")
        except OSError as error:
            raise RabtaError(f"cannot read: {error.strerror}", file=send) from None
    import shutil
    import sys

    held = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the caller)
    shutil.copyfileobj(sys.stdin.buffer, held)
    return held


def _told(done: bool, path: Path, endpoint: Endpoint, wait_s: float) -> None:
    counters: dict[str, Any] = dict(sorted(endpoint.node.counters.items()))
    print(json.dumps({"file": str(path), "done": done, "counters": counters}))
    if not done:
        problem = f"not done after {wait_s:g} s"
        raise RabtaError(problem, file=path, expected="start it again: it goes on", exit_code=EXIT_SYSTEM)
