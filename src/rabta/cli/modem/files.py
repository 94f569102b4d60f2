"""``rabta modem send``, ``receive`` and ``info``: files to IQ samples and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.mobile.modem.framing import Framing, Hint
    from rabta.mobile.modem.sigmf import Recording

Json = Annotated[bool, typer.Option("--json", help="Print JSON")]
LEVEL = 0.2  # root mean square of samples, of full scale
USUAL = {"nr": "MCS 4 QPSK", "dvb-s2": "QPSK 1/2", "dvb-s2x": "QPSK 1/2"}


def send(
    file: Annotated[Path, typer.Argument(help="What to send")],
    out: Annotated[Path, typer.Option(help="SigMF recording to write: NAME.sigmf")],
    framing: Annotated[str, typer.Option(help="nr, dvb-s2x or dvb-s2")] = "nr",
    bandwidth: Annotated[float, typer.Option(help="Of the channel, MHz")] = 5.0,
    modcod: Annotated[str | None, typer.Option(help='As "MCS 4 QPSK" or "8PSK 3/5"')] = None,
    spacing: Annotated[int, typer.Option(help="NR: subcarrier spacing, 15 or 30 kHz")] = 15,
    short: Annotated[bool, typer.Option("--short", help="DVB: short frames")] = False,
    type_: Annotated[str, typer.Option("--type", help="Of samples: cf32_le, ci16_le, cu8 ...")] = "cf32_le",
    json_: Json = False,
) -> None:
    """Make IQ samples of a file: frames that say where their bytes belong."""
    from rabta.cli.modem import _ways
    from rabta.errors import RabtaError
    from rabta.mobile.modem import pieces, sigmf

    way = _ways.framing(framing, bandwidth, spacing, short)
    name = modcod or USUAL[framing] + (" short" if short and framing != "nr" else "")
    if not file.is_file():
        raise RabtaError("no such file", file=file, expected="a file to send")
    data = file.read_bytes()
    size = way.capacity(name)
    parts = range(0, max(len(data), 1), max(size - pieces.OVERHEAD, 1))
    fields = [(name, pieces.seal(data, at, size)) for at in parts]
    scale = LEVEL / way.power**0.5
    own = {**way.settings(), "bandwidth_hz": way.bandwidth_hz, "power": LEVEL**2, "modcod": name}
    with sigmf.Writer(
        out, way.sample_rate, datatype=type_, description=f"{file.name} by {framing}", own=own
    ) as written:
        for part in way.send(fields):
            written.append(part * scale)
    found = {
        "file": str(file), "bytes": len(data), "frames": len(fields), "modcod": name,
        "sample_rate": way.sample_rate, "samples": written.count, "seconds": written.count / way.sample_rate,
        "clipped": written.clipped, "recording": str(written.meta),
    }  # fmt: skip
    if json_:
        print(json.dumps(found))
        return
    print(f"{len(data):,} bytes in {len(fields):,} frames of {name}, {found['seconds']:.4g} s at "
          f"{way.sample_rate / 1e6:g} Msample/s")  # fmt: skip
    print(f"written: {written.meta}, {written.data.name} ({written.count:,} samples of {type_})")


def receive(
    recording: Annotated[Path, typer.Argument(help="SigMF recording: NAME.sigmf")],
    out: Annotated[Path, typer.Option(help="File to write")],
    blind: Annotated[
        bool, typer.Option("--blind", help="Search all Doppler shifts, as without the satellite's orbit")
    ] = False,
    framing: Annotated[str | None, typer.Option(help="Where the recording does not say: nr, dvb-s2x")] = None,
    bandwidth: Annotated[float, typer.Option(help="Of the channel, MHz; with --framing")] = 5.0,
    json_: Json = False,
) -> None:
    """Take a file out of IQ samples; an incomplete one is written too, and the exit code is 3."""
    from rabta.cli.modem import _ways
    from rabta.errors import EXIT_INPUT, RabtaError
    from rabta.mobile.modem import pieces, sigmf
    from rabta.mobile.modem.framing import of_settings

    found = sigmf.load(recording)
    own = {k.removeprefix("rabta:"): v for k, v in found.info["global"].items() if k.startswith("rabta:")}
    way = of_settings(own) if framing is None else _ways.framing(framing, bandwidth, 15, False)
    _check_rate(found, way)
    heard = list(way.hear(found.read, found.count, _hint(found, own, blind)))
    good = [h for h in heard if h.ok]
    got = [piece for h in good if (piece := pieces.unseal(h.data)) is not None]
    whole = pieces.join(got)
    if not got:
        raise RabtaError(
            "no frame of a file was understood", file=recording, value=f"{len(heard)} frames heard",
            expected="a stronger signal, a slower modcod, or --blind where the orbit is not the right one",
            exit_code=EXIT_INPUT,
        )  # fmt: skip
    out.write_bytes(whole.data)
    level = sorted(h.es_n0_db for h in good)
    shown = {
        "recording": str(found.path), "seconds": found.seconds, "frames": len(heard), "good": len(good),
        "file": str(out), "bytes": len(whole.data), "complete": whole.complete, "missing": whole.missing,
        "es_n0_db": level[len(level) // 2], "first_hz": good[0].frequency_hz,
        "last_hz": good[-1].frequency_hz,
    }  # fmt: skip
    print(json.dumps(shown)) if json_ else _print_heard(shown)
    if not whole.complete:
        raise typer.Exit(EXIT_INPUT)


def _check_rate(found: Recording, way: Framing) -> None:
    from rabta.errors import RabtaError

    if abs(found.sample_rate / way.sample_rate - 1.0) > 1e-9:
        raise RabtaError(
            "the recording has another sample rate than its frames", file=found.path, key="core:sample_rate",
            value=found.sample_rate, expected=f"{way.sample_rate:.9g}",
        )  # fmt: skip


def _hint(found: Recording, own: dict[str, Any], blind: bool) -> Hint:
    """What the receiver may know: the orbit of the satellite that the recording names."""
    import numpy as np

    from rabta.mobile.modem import passes
    from rabta.mobile.modem.framing import Hint
    from rabta.space.visibility import ground

    carrier = found.frequency_hz
    if carrier is None or not carrier > 0.0:
        return Hint()
    if blind or found.start is None or "norad" not in own or "place" not in own:
        return Hint(None, 30e-6 * carrier, carrier)
    satellite = passes.satellite(str(own["norad"]), _text(own.get("catalogue")))
    lat, lon, height = _place(found, own["place"])
    place = ground([lat], [lon], height)
    seen = passes.between(satellite, place, found.start, found.seconds)
    track = seen.track(carrier)

    def expected(sample: float) -> tuple[float, float]:
        at = float(np.clip(sample / found.sample_rate, 0.0, found.seconds))
        return float(track.shift_hz(at)), float(track.rate_hz_s(at))

    return Hint(expected, 5e3 + 2e-6 * carrier, carrier)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _place(found: Recording, value: object) -> tuple[float, float, float]:
    """Latitude, longitude and height that a recording states."""
    from rabta.errors import RabtaError

    rows = value if isinstance(value, list) else []
    plain = [float(v) for v in rows if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(rows) != 3 or len(plain) != 3 or not (abs(plain[0]) <= 90.0 and abs(plain[1]) <= 360.0):
        raise RabtaError(
            "no place",
            file=found.path,
            key="rabta:place",
            value=value,
            expected="[latitude, longitude, metres]",
        )
    if not abs(plain[2]) < 1e5:
        raise RabtaError("no height", file=found.path, key="rabta:place", value=plain[2], expected="metres")
    return plain[0], plain[1], plain[2]


def _print_heard(shown: dict[str, Any]) -> None:
    print(f"{shown['good']:,} of {shown['frames']:,} frames good, Es/N0 {shown['es_n0_db']:.2f} dB, "
          f"from {shown['first_hz']:,.0f} to {shown['last_hz']:,.0f} Hz")  # fmt: skip
    lost = sum(length for _, length in shown["missing"])
    state = "complete" if shown["complete"] else f"{lost:,} bytes missing, written as zeros"
    print(f"written: {shown['file']}, {shown['bytes']:,} bytes, {state}")


def info(
    recording: Annotated[Path, typer.Argument(help="SigMF recording: NAME.sigmf")], json_: Json = False
) -> None:
    """Say what a recording is; its samples are checked against their hash."""
    from rabta.mobile.modem import sigmf

    found = sigmf.load(recording)
    power = total = 0.0
    peak = 0.0
    for part in found.chunks():
        size = abs(part) ** 2
        total, power, peak = total + len(part), power + float(size.sum()), max(peak, float(size.max()))
    shown: dict[str, Any] = {
        "samples": str(found.path), "datatype": found.kind.name, "sample_rate": found.sample_rate,
        "count": found.count, "seconds": found.seconds, "carrier_hz": found.frequency_hz,
        "start": None if found.start is None else f"{found.start}Z", "rms": (power / total) ** 0.5,
        "peak": peak**0.5, "hash": "core:sha512" in found.info["global"],
        "own": {k: v for k, v in found.info["global"].items() if k.startswith("rabta:")},
    }  # fmt: skip
    if json_:
        print(json.dumps(shown))
        return
    own = shown.pop("own")
    for key, value in {**own, **shown}.items():
        print(f"{key:<22} {value}")
