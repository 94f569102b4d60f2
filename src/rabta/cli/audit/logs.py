"""Commands of who keeps a log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rabta.cli.audit._common import content, keys, passphrase, policy_of, say, write
from rabta.errors import EXIT_INPUT, RabtaError, nearest

Folder = Annotated[Path, typer.Argument(help="Folder of the log")]
KeyFile = Annotated[Path, typer.Option("--key", help="Key file of the log")]
Sealed = Annotated[bool, typer.Option("--sealed", help="With a passphrase: asked for, or RABTA_PASSPHRASE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


def key(
    name: Annotated[str, typer.Argument(help="Name, as audit.example/root; for a log its origin")],
    out: Annotated[Path, typer.Option("--out", help="Key file to write")],
    kind: Annotated[str, typer.Option("--for", help="log or witness")] = "log",
    sealed: Sealed = False,
    json_: Json = False,
) -> None:
    """Make the keys of a log or a witness and print what verifies them."""
    from rabta.security.audit import keys as stored

    kinds = {"log": stored.LOG, "witness": stored.WITNESS}
    if kind not in kinds:
        raise RabtaError("no such kind of key", key="--for", value=kind, expected=nearest(kind, kinds))
    made = stored.generate(name, kinds[kind])
    stored.save(out, made, passphrase() if sealed else None)
    say({"name": name, "file": str(out), "keys": [item.public.text for item in made]}, json_)


def new(folder: Folder, key_file: KeyFile, sealed: Sealed = False, json_: Json = False) -> None:
    """Make an empty log; its origin is the name of its keys."""
    from rabta.security.audit.log import Log

    made = keys(key_file, sealed)
    with Log.create(folder, made[0].name, made) as log:
        say({"folder": str(folder), "origin": log.origin, "size": log.size}, json_)


def append(
    folder: Folder,
    key_file: KeyFile,
    files: Annotated[list[Path] | None, typer.Argument(help="Files, an entry each")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Lines of the input, an entry each")] = False,
    sealed: Sealed = False,
    json_: Json = False,
) -> None:
    """Append entries; they are durable when their numbers are printed."""
    from rabta.security.audit.log import Log

    entries = [content(path) for path in files or ()]
    if lines:
        entries += [line.rstrip(b"\n") for line in sys.stdin.buffer]
    if not entries:
        raise RabtaError("nothing to append", expected="files, or --lines and an input")
    with Log.open(folder, keys(key_file, sealed)) as log:
        first = log.extend(entries)
        told = {"first": first, "last": log.size - 1, "size": log.size, "covered": log.covered}
    say(told, json_)


def checkpoint(
    folder: Folder,
    key_file: KeyFile,
    witness: Annotated[list[str] | None, typer.Option(help="URLs of witnesses to ask")] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy with the witnesses' keys (TOML)")] = None,
    sealed: Sealed = False,
    json_: Json = False,
) -> None:
    """Sign a checkpoint over all entries and ask witnesses to sign it too."""
    from rabta.security.audit.log import Log
    from rabta.security.audit.witness import Remote, gather

    if witness and policy is None:
        raise RabtaError("the witnesses' keys are not known", key="--policy", expected="a policy's file")
    rule = policy_of(policy) if policy else None
    refused: list[str] = []
    with Log.open(folder, keys(key_file, sealed)) as log:
        note = log.checkpoint()
        if witness and rule:
            note, refused = gather(log, rule.witnesses, [Remote(url) for url in witness])
        told = {"origin": log.origin, "size": log.covered, "root": log.root().hex()}
    told["witnesses"] = rule.witnessed(note) if rule else []
    say({**told, "refused": refused}, json_)
    if rule:
        rule.check(note)


def prove(
    folder: Folder,
    index: Annotated[int, typer.Argument(help="Number of the entry, from 0")],
    out: Annotated[Path, typer.Option("--out", help="Proof to write (.tlog-proof)")],
    json_: Json = False,
) -> None:
    """Write a proof, for use without the log, that an entry lies under the newest checkpoint."""
    from rabta.security.audit.log import Log

    with Log.open(folder) as log:
        found = log.prove(index)
    write(out, found.encode())
    say({"index": index, "size": log.covered, "hashes": len(found.hashes), "file": str(out)}, json_)


def check(folder: Folder, json_: Json = False) -> None:
    """Recompute the whole log: a single changed bit in entries, tiles, journal or checkpoint is found."""
    from rabta.security.audit.log.check import check as whole

    found = whole(folder)
    size = found.checkpoint.size if found.checkpoint else None
    say({"size": size, "waiting": found.journal, "problems": found.problems}, json_)
    if found.problems:
        raise typer.Exit(EXIT_INPUT)
