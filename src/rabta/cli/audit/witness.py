"""``rabta audit witness``: sign what goes on from the newest head, once or as a service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rabta.cli.audit._common import content, keys, policy_of
from rabta.errors import RabtaError


def witness(
    folder: Annotated[Path, typer.Argument(help="Folder of the witness's memory")],
    key_file: Annotated[Path, typer.Option("--key", help="Key file of the witness")],
    policy: Annotated[list[Path], typer.Option(help="Policies with the keys of the logs that it follows")],
    request: Annotated[Path | None, typer.Option(help="Request to answer once (tlog-witness)")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Answer over HTTP until interrupted")] = False,
    host: Annotated[str, typer.Option(help="Address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at")] = 8087,
    sealed: Annotated[bool, typer.Option("--sealed", help="The key file has a passphrase")] = False,
) -> None:
    """Be a witness: answer one request, or serve the protocol of C2SP's tlog-witness."""
    from rabta.security.audit.witness import Request, Witness
    from rabta.security.audit.witness.serving import Server

    if serve == (request is not None):
        raise RabtaError("what to answer is not said", expected="--serve or --request FILE")
    logs = {rule.origin: rule.log for rule in map(policy_of, policy)}
    own = Witness(folder, keys(key_file, sealed), logs)
    if request is not None:
        print(own.add(Request.decode(content(request))), end="")
        return
    server = Server(own, host, port)
    print(f"witness {own.keys[0].name} at {server.url}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
