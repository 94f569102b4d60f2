"""``rabta overlay bundles``: bundles sent, received, shown; contact plans, ways over them, simulation."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.cli.overlay.credentials import (
    Epoch,
    Identity,
    Own,
    Peers,
    Proof,
    Root,
    Rule,
    Who,
    identified,
)

if TYPE_CHECKING:
    from rabta.security.bundles.agent import Agent
    from rabta.security.bundles.bpsec import Keyring
    from rabta.security.bundles.contacts import Plan

app = typer.Typer(help="Store-and-forward bundles (BPv7) with security.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]
Node = Annotated[
    str, typer.Option(help="Own endpoint, as ipn:1.1 or dtn://lahore/mail; by the credential with --identity")
]
Keys = Annotated[
    list[Path] | None, typer.Option("--key", help="Key file shared with a node; more than one may be")
]
Folder = Annotated[Path, typer.Option("--store", help="SQLite file of the node")]
Where = Annotated[Path, typer.Argument(help="Run folder, or contact plan: .csv, .json, .ion")]
Rate = Annotated[float, typer.Option("--rate", help="Of all contacts of a run, Mbit/s")]
KEY = "bundle key"


@app.command("key")
def key(
    out: Annotated[Path, typer.Argument(help="Key file to write; both nodes get a copy by a safe way")],
    nodes: Annotated[tuple[str, str], typer.Option(help="The two nodes, as ipn:1 ipn:2")],
) -> None:
    """Make a key that two nodes share."""
    import os

    from rabta.security.bundles.codec import eid
    from rabta.security.keystore import files

    names = [eid.parse(f"{name}.0" if name.startswith("ipn:") else f"{name}/").node for name in nodes]
    files.save(out, KEY, {"nodes": names, "integrity": os.urandom(32), "confidentiality": os.urandom(32)})
    print(f"{out}: key of {names[0]} and {names[1]}")


def _shared(node: str, paths: list[Path]) -> Keyring:
    """Keys of files that two nodes share."""
    from rabta.errors import RabtaError
    from rabta.security.bundles.bpsec import Keyring
    from rabta.security.keystore import files

    macs: dict[str, bytes] = {}
    ciphers: dict[str, bytes] = {}
    for path in paths:
        held = files.load(path, KEY)
        others = [name for name in held["nodes"] if name != node]
        if len(others) != 1:
            raise RabtaError("a key of other nodes", file=path, value=", ".join(held["nodes"]), expected=node)
        macs[others[0]], ciphers[others[0]] = held["integrity"], held["confidentiality"]
    return Keyring(macs, ciphers)


def _agent(node: str, store: Path, keys: list[Path] | None, plain: bool, who: Who) -> Agent:
    """Agent of the node; without any key or credential nothing can be protected, and `plain` must say so."""
    from rabta.errors import RabtaError
    from rabta.security.bundles.agent import Agent, Policy
    from rabta.security.bundles.codec import eid
    from rabta.security.bundles.store import Store

    if plain and (keys or who.given):
        raise RabtaError("both protected and not", key="--plain", expected="--plain alone, or keys alone")
    if who.given:
        return identified(node, store, who, None if not keys else lambda own: _shared(own, keys))
    own = eid.parse(node or "ipn:1.1")
    if not keys and not plain:
        raise RabtaError(
            "no key", key="--key, --identity",
            expected="a key file, a node's identity, or --plain for bundles without protection",
        )  # fmt: skip
    policy = Policy("nothing" if plain else "authentic", _shared(own.node, keys or []))
    return Agent(own, Store(store), None, policy)


def _address(text: str) -> tuple[str, int]:
    from rabta.errors import RabtaError

    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise RabtaError("not an address", value=text, expected="HOST:PORT")
    return host, int(port)


def _told(agent: Agent) -> list[dict[str, Any]]:
    from rabta.security.bundles.codec import records

    return [{"bundle": item.identifier, "reason": records.REASONS[item.reason]} for item in agent.told]


@app.command("send")
def send(
    file: Annotated[
        Path | None, typer.Argument(help="What to send; without it, only what waits is sent on")
    ] = None,
    to: Annotated[str, typer.Option(help="Endpoint that it is for")] = "dtn:none",
    via: Annotated[
        str | None, typer.Option(help="Neighbour, HOST:PORT; without it the bundle waits in the store")
    ] = None,
    protocol: Annotated[str, typer.Option(help="tcpcl (acknowledged) or mtcp")] = "tcpcl",
    lifetime: Annotated[float, typer.Option(help="Hours")] = 24.0,
    priority: Annotated[int, typer.Option(help="0 bulk, 1 normal, 2 expedited", min=0, max=2)] = 1,
    node: Node = "",
    store: Folder = Path("bundles.db"),
    keys: Keys = None,
    identity: Identity = None,
    own: Own = None,
    root: Root = None,
    rule: Rule = None,
    epoch: Epoch = None,
    epoch_proof: Proof = None,
    peers: Peers = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without protection")] = False,
    json_: Json = False,
) -> None:
    """Make a bundle of a file, protect it, keep it, and send all that waits to a neighbour."""
    from rabta.errors import RabtaError
    from rabta.security.bundles.agent.files import name_of
    from rabta.security.bundles.codec import eid

    who = Who(identity, own, root, rule, epoch, epoch_proof, tuple(peers or ()))
    agent = _agent(node, store, keys, plain, who)
    name = None
    if file is not None:
        where = eid.parse(to)
        if not file.is_file() or where.none:
            raise RabtaError(
                "nothing to send", file=file, key="--to", value=to, expected="a file and its destination"
            )
        if not plain and not who.given and where.node not in agent.policy.keys.integrity:
            raise RabtaError("no key shared with the destination", key="--key", value=where.node)
        name = name_of(agent.send(where, file.read_bytes(), lifetime_s=lifetime * 3600, priority=priority))
    sent = _send_on(agent, via, protocol) if via else 0
    found = {"bundle": name, "sent": sent, "waiting": len(agent.store), "dropped": _told(agent)}
    if json_:
        print(json.dumps(found))
        return
    print(f"{f'{name} kept; ' if name else ''}{sent} sent, {len(agent.store)} waiting in {store}")
    for item in _told(agent):
        print(f"dropped: {item['bundle']} ({item['reason']})")


def _send_on(agent: Agent, via: str, protocol: str) -> int:
    import socket

    from rabta.errors import EXIT_SYSTEM, RabtaError, nearest
    from rabta.security.bundles.agent import mtcp, tcpcl

    if protocol not in {"tcpcl", "mtcp"}:
        raise RabtaError("no such protocol", value=protocol, expected=nearest(protocol, ["tcpcl", "mtcp"]))
    try:
        if protocol == "tcpcl":
            sender = tcpcl.Sender(str(agent.node), *_address(via))
            agent.links = {"neighbour": sender}
            sent = agent.forward()
            sender.close()
            return sent
        with socket.create_connection(_address(via), 60) as connection:
            agent.links = {"neighbour": lambda raw: mtcp.send(connection, raw)}
            return agent.forward()
    except OSError as error:
        raise RabtaError(
            f"the neighbour cannot be reached ({error.strerror or 'no answer'}); all bundles wait",
            value=via,
            exit_code=EXIT_SYSTEM,
        ) from None


@app.command("receive")
def receive(
    out: Annotated[Path, typer.Option(help="Folder for what arrives")] = Path("received"),
    listen: Annotated[str, typer.Option(help="HOST:PORT")] = "127.0.0.1:4556",
    protocol: Annotated[str, typer.Option(help="tcpcl or mtcp")] = "tcpcl",
    count: Annotated[int, typer.Option(help="End after so many files; 0 for never")] = 0,
    seconds: Annotated[float, typer.Option(help="End after so long; 0 for never")] = 0.0,
    node: Node = "",
    store: Folder = Path("bundles.db"),
    keys: Keys = None,
    identity: Identity = None,
    own: Own = None,
    root: Root = None,
    rule: Rule = None,
    epoch: Epoch = None,
    epoch_proof: Proof = None,
    peers: Peers = None,
    plain: Annotated[bool, typer.Option("--plain", help="Take bundles without protection too")] = False,
    json_: Json = False,
) -> None:
    """Take bundles from neighbours; write what is for this node to files, verified and opened."""
    from rabta.security.bundles.agent import mtcp, tcpcl
    from rabta.security.bundles.codec import records

    who = Who(identity, own, root, rule, epoch, epoch_proof, tuple(peers or ()))
    agent = _agent(node, store, keys, plain, who)
    serve = tcpcl.serve(str(agent.node)) if protocol == "tcpcl" else None
    listener = mtcp.Listener(agent.receive, *_address(listen), serve=serve)
    until = time.monotonic() + seconds if seconds else float("inf")
    files: list[Path] = []
    reports: list[records.Report] = []
    told: set[str] = set()
    if not json_:
        print(f"{agent.node} listens at {':'.join(map(str, listener.address))} ({protocol})", flush=True)
    try:
        while time.monotonic() < until and not (count and len(files) >= count):
            with listener.lock:
                new = agent.deliver(out)
                reports += agent.reports()
            for name in agent.unwritten.keys() - told:
                typer.echo(f"{out / name} waits: {agent.unwritten[name]}", err=True)
            told = set(agent.unwritten)
            files += new
            for path in new if not json_ else ():
                print(f"{path} ({path.stat().st_size:,} bytes)", flush=True)
            time.sleep(0.05)
    except KeyboardInterrupt:
        pass
    listener.close()
    states = [f"{item.source} {item.sequence}: {', '.join(item.states)}" for item in reports]
    if json_:
        refused = [getattr(error, "reason", error.problem) for error in listener.refused]
        files_ = [str(path) for path in files]
        print(json.dumps({"files": files_, "reports": states, "refused": refused, "dropped": _told(agent)}))
        return
    for line in states:
        print(f"report of {line}")


@app.command("show")
def show(
    file: Annotated[Path, typer.Argument(help="A bundle: its bytes, or hexadecimal")],
    json_: Json = False,
) -> None:
    """Decode any bundle and explain its security."""
    from rabta.errors import RabtaError
    from rabta.security.bundles import explain
    from rabta.security.bundles.codec import decode

    if not file.is_file():
        raise RabtaError("no such file", file=file, expected="a file that holds a bundle")
    found = explain.told(decode(_bytes(file.read_bytes())))
    if json_:
        print(json.dumps(found))
        return
    print(
        f"{found['source']} to {found['destination']}, {found['bytes']:,} bytes, sequence {found['sequence']}"
    )
    made = (
        f"created {found['created_dtn_ms']} ms after 2000" if found["created_dtn_ms"] else "no creation time"
    )
    print(f"  {made}, lifetime {found['lifetime_ms'] / 1000:g} s, check sum {found['check_sum']}")
    if found["flags"]:
        print(f"  {', '.join(found['flags'])}")
    for block in found["blocks"]:
        _show_block(block)
    for note in found["notes"]:
        print(f"note: {note}")


def _show_block(block: dict[str, Any]) -> None:
    rest = block.get("value") or ("encrypted" if block.get("encrypted") else block.get("unreadable", ""))
    what = f"{block['name']} ({block['type']}), {block['bytes']:,} bytes {rest}"
    print(f"  block {block['number']}: {what}".rstrip())
    for name, value in block.get("security", {}).items():
        told = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(f"    {name.replace('_', ' ')}: {told}")


def _bytes(content: bytes) -> bytes:
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        return content


def _plan(where: Path, rate: float) -> Plan:
    from rabta.security.bundles.contacts import formats, runs

    return runs.from_run(where, rate * 1e6) if where.is_dir() else formats.read(where)


@app.command("plan")
def plan(
    where: Where,
    out: Annotated[Path | None, typer.Option(help="Write the plan: .csv, .json or .ion")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture")] = None,
    rate: Rate = 10.0,
    json_: Json = False,
) -> None:
    """Contact plan of a run or a file: a table, and a picture."""
    from rabta.security.bundles.contacts import formats, gantt

    found = _plan(where, rate)
    if out is not None:
        formats.write(out, found.contacts)
    if svg is not None:
        svg.write_text(gantt.svg(found, f"Contact plan of {where.name}"), encoding="utf-8")
    if json_:
        print(formats.to_json(found.contacts), end="")
        return
    print(f"{'start s':>10} {'end s':>10} {'Mbit/s':>8} {'ms':>7}  from > to")
    for item in found.contacts[:50]:
        print(f"{item.start:10.1f} {item.end:10.1f} {item.rate_bps / 1e6:8.3g} {1e3 * item.delay_s:7.1f}"
              f"  {item.sender} > {item.receiver}")  # fmt: skip
    if len(found.contacts) > 50:
        print(f"and {len(found.contacts) - 50:,} more; --out or --json has all")
    print(f"{len(found.contacts):,} contacts of {len(found.nodes)} nodes")


@app.command("route")
def route(
    where: Where,
    source: Annotated[str, typer.Option("--from", help="Node")],
    destination: Annotated[str, typer.Option("--to", help="Node")],
    size: Annotated[int, typer.Option(help="Bytes", min=0)] = 1000,
    at: Annotated[float, typer.Option(help="Seconds from the plan's begin")] = 0.0,
    rate: Rate = 10.0,
    json_: Json = False,
) -> None:
    """Way of earliest arrival over a contact plan."""
    from dataclasses import asdict

    from rabta.errors import RabtaError, nearest
    from rabta.security.bundles.contacts import route as search

    found = _plan(where, rate)
    for name in (source, destination):
        if name not in found.nodes:
            raise RabtaError("no such node in the plan", value=name, expected=nearest(name, found.nodes))
    way = search(found, source, destination, size, at)
    if way is None:
        raise RabtaError("no way within the plan", value=f"{source} to {destination} from {at:g} s")
    if json_:
        hops = [asdict(hop) for hop in way.hops]
        print(json.dumps({"arrival_s": way.arrival, "nodes": way.nodes(found), "hops": hops}))
        return
    for hop in way.hops:
        item = found.contacts[hop.contact]
        print(f"{hop.begin:12.3f} s  {item.sender} > {item.receiver}, arrives {hop.arrival:.3f} s")
    print(f"{source} to {destination}: {way.arrival - at:.3f} s, {len(way.hops)} hops")


@app.command("simulate")
def simulate(
    where: Where,
    outage: Annotated[
        float, typer.Option(help="Share of each pair's contact time that is lost", min=0.0, max=0.99)
    ] = 0.9,
    bundles: Annotated[int, typer.Option(help="How many, between random nodes", min=1, max=100_000)] = 200,
    size: Annotated[int, typer.Option(help="Payload, bytes", min=0, max=10_000_000)] = 1000,
    within: Annotated[float, typer.Option(help="All are sent within this first share of the plan")] = 0.1,
    slot: Annotated[float, typer.Option(help="Outages come in slots of so many seconds")] = 60.0,
    repeat: Annotated[int, typer.Option(help="Play the plan so many times in a row", min=1, max=1000)] = 1,
    seed: Annotated[int, typer.Option(help="Of the outages and bundles")] = 1,
    rate: Rate = 10.0,
    json_: Json = False,
) -> None:
    """Send bundles over a plan whose contacts are off most of the time; real agents, stores and codec."""
    import random
    import tempfile

    from rabta.security.bundles.agent.simulate import Demand, Simulation
    from rabta.security.bundles.contacts import outage as outages

    whole = outages.repeated(_plan(where, rate), repeat)
    plan = outages.thin(whole, outage, slot, seed)
    first, last = whole.span
    draw = random.Random(seed)  # noqa: S311 (no secret)
    window = (last - first) * within
    pairs = [(a, b) for a, b in (draw.sample(plan.nodes, 2) for _ in range(bundles))]
    asked = [Demand(*pair, size, first + draw.uniform(0, window)) for pair in pairs]
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(plan, Path(folder), lifetime_s=2 * (last - first))
        found = simulation.run(asked, _progress(first, last, json_))
    delays = sorted(found.delays_s.values())
    told: dict[str, Any] = {
        "sent": found.sent,
        "delivered": len(delays),
        "delivered_share": found.delivered_share,
        "without_way": found.sent - len(found.expected_s),
        "up_share": outages.up_share(plan, whole.span),
        "delay_s": {name: delays[min(int(part * len(delays)), len(delays) - 1)] if delays else None
                    for name, part in (("p50", 0.5), ("p90", 0.9), ("max", 1.0))},
        "hops": found.hops,
        "repeated": found.repeated,
    }  # fmt: skip
    if json_:
        print(json.dumps(told))
        return
    print(f"{told['delivered']} of {told['sent']} delivered ({100 * found.delivered_share:.4g} %), "
          f"contacts up {100 * outages.up_share(plan, whole.span):.3g} % of the time")  # fmt: skip
    if delays:
        print("delay: " + ", ".join(f"{name} {value:,.1f} s" for name, value in told["delay_s"].items()))
    if told["without_way"]:
        print(f"{told['without_way']} had no way within the plan when they were sent")


def _progress(first: float, last: float, quiet: bool) -> Any:
    import sys

    if quiet or not sys.stderr.isatty():
        return lambda _: None
    shown = [-1]

    def step(now: float) -> None:
        part = int(100 * (now - first) / max(last - first, 1e-9))
        if part != shown[0]:
            shown[0] = part
            print(f"\r{part:3d} % of the plan", end="\r" if part < 100 else "\n", file=sys.stderr)

    return step
