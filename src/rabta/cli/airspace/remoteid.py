"""`rabta airspace remoteid`: broadcast remote ID in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError, nearest

app = typer.Typer(no_args_is_help=True, help="Broadcast remote ID (ASTM F3411-22a): read it, make it.")
CARRIERS = ("pack", "messages", "bluetooth", "wifi", "nan", "mavlink")
MOST_BYTES = 1 << 30


@app.command()
def decode(
    given: Annotated[
        str,
        typer.Argument(help="A capture (pcap, pcapng), a MAVLink log or stream, bytes of a frame; or hex."),
    ],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the remote ID in a file or in hexadecimal digits."""
    from rabta.airspace.remoteid.broadcast import carriers, words

    found = carriers.heard(_bytes(given))
    if json_:
        plain = [{**one, "messages": [words.plain(m) for m in one["messages"]]} for one in found]
        print(json.dumps(plain, ensure_ascii=False))
        return
    for one in found:
        head = "".join(f"{key} {value}  " for key, value in one.items() if key != "messages")
        for message in one["messages"]:
            print(f"{head}{type(message).__name__}: {words.line(message)}")


@app.command()
def encode(
    file: Annotated[Path, typer.Argument(help="JSON list of messages, as decode --json has them.")],
    carrier: Annotated[str, typer.Option("--as", help=f"What carries them: {', '.join(CARRIERS)}.")] = "pack",
    counter: Annotated[int, typer.Option(help="Counter of the advertisement or of the frame.")] = 0,
) -> None:
    """Make the bytes of messages, printed as hexadecimal digits."""
    from rabta.airspace.remoteid.broadcast import carriers, mavlink, messages, words

    if carrier not in CARRIERS:
        raise RabtaError("no such carrier", key="--as", value=carrier, expected=nearest(carrier, CARRIERS),
                         exit_code=EXIT_USAGE)  # fmt: skip
    held = [words.message(one) for one in _listed(file)]
    made = {
        "pack": lambda: messages.packed(held),
        "messages": lambda: b"".join(messages.encode(one) for one in held),
        "bluetooth": lambda: carriers.bluetooth(held, counter),
        "wifi": lambda: carriers.beacon(held, counter),
        "nan": lambda: carriers.nan(held, counter),
        "mavlink": lambda: b"".join(mavlink.framed(one, sequence=counter + k) for k, one in enumerate(held)),
    }  # fmt: skip
    print(made[carrier]().hex())


def _listed(file: Path) -> list[dict[str, Any]]:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RabtaError(f"cannot be read: {error.strerror}", file=file) from None
    except ValueError as error:
        raise RabtaError(f"no JSON: {error}", file=file) from None
    if isinstance(held, dict):
        held = [held]
    if not isinstance(held, list) or not held or not all(isinstance(one, dict) for one in held):
        raise RabtaError("no messages", file=file, expected="a list of objects with a type")
    return held


def _bytes(given: str) -> bytes:
    """Bytes of a file, or of digits."""
    place = Path(given)
    try:
        if place.is_file():
            if place.stat().st_size > MOST_BYTES:
                raise RabtaError("too large a file", file=place, expected=f"at most {MOST_BYTES >> 20} MB")
            return place.read_bytes()
        return bytes.fromhex(given)
    except OSError as error:  # also a name that is too long to be one
        try:
            return bytes.fromhex(given)
        except ValueError:
            raise RabtaError(f"cannot be read: {error.strerror}", file=place) from None
    except ValueError:
        raise RabtaError("neither a file nor hexadecimal digits", value=given[:60]) from None
