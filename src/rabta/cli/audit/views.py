"""Commands of who goes by a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.cli.audit._common import content, policy_of, say, write
from rabta.errors import EXIT_INPUT

Rule = Annotated[Path, typer.Option("--policy", help="Policy: log, witnesses, quorum (TOML)")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


def policy(
    folder: Annotated[Path, typer.Argument(help="Folder of the log, for its keys")],
    out: Annotated[Path, typer.Option("--out", help="Policy to write (TOML)")],
    witness: Annotated[list[str] | None, typer.Option(help="Verifier keys of witnesses")] = None,
    quorum: Annotated[int, typer.Option(help="How many witnesses must sign")] = 0,
) -> None:
    """Write a policy; compare the keys in it with those that you know by another way."""
    from rabta.security.audit.log.store import public_keys
    from rabta.security.audit.notes import Key
    from rabta.security.audit.policy import Policy

    public = public_keys(folder)
    rule = Policy(public[0].name, tuple(public), tuple(Key.parse(item) for item in witness or ()), quorum)
    lines = [f"{name} = {json.dumps(item, ensure_ascii=False)}" for name, item in rule.fields().items()]
    write(out, "".join(f"{line}\n" for line in lines).encode())
    say({"policy": str(out), "origin": rule.origin, "quorum": quorum}, False)


def verify(
    proof: Annotated[Path, typer.Argument(help="Proof (.tlog-proof)")],
    entry: Annotated[Path, typer.Argument(help="File that is the entry")],
    rule: Rule,
    json_: Json = False,
) -> None:
    """Verify that a file is an entry of a log that meets a policy; needs no network."""
    from rabta.security.audit.portable import Inclusion

    found = Inclusion.decode(content(proof))
    head = found.verify(content(entry), policy_of(rule))
    told = {"index": found.index, "origin": head.origin, "size": head.size, "root": head.root.hex()}
    say({**told, "witnessed_by_unix_s": head.time}, json_)


def compare(
    own: Annotated[Path, typer.Argument(help="Checkpoint of one node")],
    theirs: Annotated[Path, typer.Argument(help="Checkpoint of the node that it meets")],
    rule: Rule,
    log: Annotated[Path | None, typer.Option(help="Own copy of the log, for proofs")] = None,
    their_log: Annotated[Path | None, typer.Option(help="The other node's copy of the log")] = None,
    evidence: Annotated[Path | None, typer.Option(help="File to write evidence of a split view to")] = None,
    json_: Json = False,
) -> None:
    """Let two nodes meet: one checkpoint is the start of the other, or the log shows two faces."""
    from rabta.security.audit.log import Log
    from rabta.security.audit.meet import View

    trusted = policy_of(rule)
    nodes = [
        View(trusted, content(note), Log.open(folder).prefix if folder else None)
        for note, folder in ((own, log), (theirs, their_log))
    ]
    answer, back = nodes[1].meet(nodes[0].hello())
    found = nodes[0].receive(answer)
    split = next((item for item in (found, back) if item.kind == "split"), None)
    found = split or found
    told: dict[str, Any] = {"outcome": found.kind, "size": found.checkpoint.size}
    if found.evidence:
        if evidence:
            write(evidence, found.evidence.encode())
        told["witnesses_of_both"] = found.evidence.judge(trusted).witnesses
    say(told, json_)
    if split:
        raise typer.Exit(EXIT_INPUT)


def judge(
    evidence: Annotated[Path, typer.Argument(help="Evidence of a split view")],
    rule: Rule,
    json_: Json = False,
) -> None:
    """Judge evidence that a log, and which witnesses, signed two heads that cannot both be true."""
    from rabta.security.audit.meet import Evidence

    found = Evidence.decode(content(evidence)).judge(policy_of(rule))
    told: dict[str, Any] = {"split": True, "origin": found.older.origin}
    told |= {"sizes": [found.older.size, found.newer.size], "witnesses_of_both": found.witnesses}
    say(told, json_)
