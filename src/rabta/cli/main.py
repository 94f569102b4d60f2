"""Entry point: collects the commands and turns errors into one clear message."""

from __future__ import annotations

import sys

import typer

from rabta.errors import RabtaError

app = typer.Typer(
    name="rabta",
    help="Digital twin of a nation's space-air-ground network: plan it and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _commands() -> None:
    from rabta.cli import (
        airspace,
        atlas,
        audit,
        catalog,
        compare,
        data,
        emulate,
        epfd,
        events,
        export,
        fail,
        keys,
        link,
        locate,
        mobile,
        modem,
        new,
        overlay,
        pnt,
        run,
        sensitivity,
        show,
        verify,
    )

    app.command("run")(run.run)
    app.command("new")(new.new)
    app.command("show")(show.show)
    app.command("report")(show.report)
    app.command("compare")(compare.compare)
    app.command("sensitivity")(sensitivity.sensitivity)
    app.command("events")(events.events)
    app.command("fail")(fail.fail)
    app.command("link")(link.link)
    app.command("locate")(locate.locate)
    app.command("epfd")(epfd.epfd)
    app.command("atlas")(atlas.atlas)
    app.command("export")(export.export)
    app.command("emulate")(emulate.emulate)
    app.command("catalog")(catalog.catalog)
    app.command("verify")(verify.verify)
    app.add_typer(data.app, name="data")
    app.add_typer(mobile.app, name="mobile")
    app.add_typer(modem.app, name="modem")
    app.add_typer(pnt.app, name="pnt")
    app.add_typer(overlay.app, name="overlay")
    app.add_typer(airspace.app, name="airspace")
    app.add_typer(audit.app, name="audit")
    app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command line."""
    _commands()
    try:
        app()
    except RabtaError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
