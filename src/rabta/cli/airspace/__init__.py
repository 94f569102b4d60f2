"""`rabta airspace`: services of the low airspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.cli.airspace import remoteid
from rabta.cli.airspace.plan import opened_approval, plan
from rabta.cli.airspace.separation import batch, traffic
from rabta.cli.airspace.zones import awareness, check, clearance
from rabta.cli.airspace.zones import zones as made_zones

if TYPE_CHECKING:
    from starlette.routing import Route

    from rabta.airspace.remoteid.web import RemoteId
    from rabta.airspace.uss.flights import Flights

app = typer.Typer(no_args_is_help=True, help="Services of the low airspace, by the published standards.")


app.command()(plan)
app.command()(batch)
app.command()(traffic)
app.add_typer(remoteid.app, name="remoteid")


@app.callback()
def _noun() -> None:
    """Keep the noun even while it has one verb."""


@app.command()
def serve(
    key: Annotated[list[str], typer.Option(help="Public RSA key (PEM) of who signs tokens; may repeat.")],
    store: Annotated[str, typer.Option(help="File of SQLite, or postgresql://... for several instances.")]
    = "airspace.sqlite",
    host: Annotated[str, typer.Option(help="Address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.")] = 8082,
    audience: Annotated[list[str] | None, typer.Option(help="Name that tokens are for; may repeat.")] = None,
    public: Annotated[str, typer.Option(help="Address that others reach this instance at.")] = "",
    instance: Annotated[str, typer.Option(help="Name of this instance.")] = "rabta-1",
    certificate: Annotated[str, typer.Option(help="Certificate (PEM) for TLS.")] = "",
    certificate_key: Annotated[str, typer.Option(help="Its private key.")] = "",
) -> None:  # fmt: skip
    """Serve discovery and synchronization: ASTM F3548-21, F3411-22a and F3411-19."""
    from rabta.airspace.dss.service import Service
    from rabta.airspace.store import opened
    from rabta.airspace.web import serve as door
    from rabta.airspace.web.discovery import Discovery
    from rabta.airspace.web.tokens import Tokens, keys

    tokens = Tokens(keys(key), audience or ())
    address = public or f"http://{host}:{port}"
    made = Discovery(Service(opened(store)), tokens, instance=instance, public=address)
    typer.echo(f"discovery and synchronization at {address}, store {store.rsplit('@', 1)[-1]}", err=True)
    door.serve(made.app(), host, port, certificate=certificate, key=certificate_key)


@app.command()
def supply(
    key: Annotated[list[str], typer.Option(help="Public RSA key (PEM) of who signs tokens; may repeat.")],
    discovery: Annotated[str, typer.Option(help="Address of the service of discovery.")],
    authority: Annotated[str, typer.Option(help="Address that gives access tokens.")],
    subject: Annotated[str, typer.Option(help="Name of this service in its tokens.")],
    store: Annotated[str, typer.Option(help="File of SQLite for its flights.")] = "flights.sqlite",
    host: Annotated[str, typer.Option(help="Address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.")] = 8074,
    audience: Annotated[list[str] | None, typer.Option(help="Name that tokens are for; may repeat.")] = None,
    public: Annotated[str, typer.Option(help="Address that others reach this service at.")] = "",
    certificate: Annotated[str, typer.Option(help="Certificate (PEM) for TLS.")] = "",
    certificate_key: Annotated[str, typer.Option(help="Its private key.")] = "",
    run: Annotated[str, typer.Option(help="Run folder whose fields plans are assessed by.")] = "",
    advise: Annotated[bool, typer.Option(help="Assess only; refuse nothing by the fields.")] = False,
    zones: Annotated[
        list[Path] | None, typer.Option(help="Files of geozones that close the air; may repeat.")
    ] = None,
    authorised: Annotated[
        list[str] | None, typer.Option(help="Zone that its operators are authorised for; may repeat.")
    ] = None,
    remote_id: Annotated[
        str, typer.Option(help="Edition of network remote ID: F3411-22a, F3411-19 or none.")
    ] = "F3411-22a",
) -> None:
    """Serve those who fly: plans without conflicts (F3548-21), network remote ID, conformance."""
    from rabta.airspace.conformance.watcher import Watcher
    from rabta.airspace.uss.book import Book
    from rabta.airspace.uss.flights import Flights
    from rabta.airspace.uss.network import Network
    from rabta.airspace.volumes.messages import volume
    from rabta.airspace.web import proposals, telemetry
    from rabta.airspace.web import serve as door
    from rabta.airspace.web.supplier import Supplier
    from rabta.airspace.web.tokens import Tokens, keys

    address = public or f"http://{host}:{port}"
    tokens = Tokens(keys(key), audience or ())
    approval = opened_approval(run, refuses=not advise) if run else None
    checks = [] if approval is None else [approval.check]
    if zones or authorised:
        checks.append(clearance(zones or (), authorised or ()).check)
    flights = Flights(Book(store), Network(discovery, authority, subject), address, checks)
    typer.echo(f"service {subject} at {address}, discovery at {discovery}", err=True)
    watcher = Watcher(flights)

    remote = None if remote_id == "none" else opened_remote(flights, remote_id)

    def more(supplier: Supplier) -> list[Route]:
        found = telemetry.routes(supplier, watcher, None if remote is None else remote.publish)
        found += [] if remote is None else remote.routes(supplier)
        return found if approval is None else found + proposals.routes(supplier, approval=approval)

    tasks = (watcher.run,) if remote is None else (watcher.run, remote.provider.run)
    app_ = Supplier(flights, tokens, volume, more=more, tasks=tasks).app()
    door.serve(app_, host, port, certificate=certificate, key=certificate_key)


def opened_remote(flights: Flights, name: str) -> RemoteId:
    """Network remote ID beside a service's flights."""
    from rabta.airspace.remoteid.network.display import Display
    from rabta.airspace.remoteid.network.editions import edition
    from rabta.airspace.remoteid.network.provider import Provider
    from rabta.airspace.remoteid.web import RemoteId

    by = edition(name)
    provider = Provider(flights.book, flights.network, flights.public, by)
    return RemoteId(provider, Display(flights.network, flights.public, by))


app.command("zones")(made_zones)
for verb in (check, awareness):
    app.command()(verb)
