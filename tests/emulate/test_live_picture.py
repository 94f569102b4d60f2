"""What is seen while an emulation runs: lines, rows, signals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from rich.console import Console

from rabta.cli.emulate import live
from rabta.emulate import plan as plans
from rabta.emulate import watch
from rabta.emulate.engine import spaces
from rabta.errors import EXIT_USAGE, RabtaError

HOST = {
    "sent": 1200, "sent_bits": 3_000_000, "got": 2000, "got_bits": 24_000_000, "dropped_up": {"lost": 3},
    "dropped_down": {"queue full at the receiver": 12, "outage": 1}, "queue_up_ms": 0.0,
    "queue_down_ms": 31.25, "delay_ms": 20.5,
}  # fmt: skip
LINE = {
    "at_s": 4.0, "read": 3200, "late_mean_ns": 61_000, "hosts": {"Gilgit": HOST},
    "activities": [{"kind": "lesson", "from": "Gilgit", "to": "Karachi", "state": "runs",
                    "bitrate_kbps": 3000}],
}  # fmt: skip


def test_rates_are_those_since_the_line_before() -> None:
    before = {"at_s": 2.0, "hosts": {"Gilgit": {**HOST, "sent_bits": 1_000_000, "got_bits": 4_000_000}}}
    assert live.host_rows(LINE, before)[0] == [
        "Gilgit", "1,200", "1.00", "2,000", "10.00",
        "up: 3 lost; down: 12 queue full at the receiver, 1 outage", "0.0 / 31.2", "20.5",
    ]  # fmt: skip


def test_a_table_tells_hosts_and_activities() -> None:
    out = io.StringIO()
    Console(file=out, width=160).print(live.drawn(LINE, {}, 60.0))
    text = out.getvalue()
    for words in ("4 of 60 s, 3,200 packets, 61 us late", "Gilgit", "31.2", "lesson", "bitrate_kbps 3000"):
        assert words in text


def test_lines_are_json_and_the_rest_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    for kind, count in (("json", 2), ("off", 0), ("auto", 0)):
        with live.Picture(kind, 60.0) as picture:
            picture.show(LINE)
            picture.show(LINE)
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line) for line in lines] == [LINE] * count
    with pytest.raises(RabtaError, match="did you mean 'table'") as caught:
        live.Picture("tabel", 60.0)
    assert caught.value.exit_code == EXIT_USAGE


def test_states_are_read_from_what_programs_write(tmp_path: Path) -> None:
    file = tmp_path / "said"
    assert watch.told("ping", file) == {}
    file.write_text("[1.5] 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=14.2 ms\nnoise time=\n")
    assert watch.told("ping", file) == {"rtt_ms": 14.2}
    file.write_text('{"now": {"in_time": 3}}\n{"now": {"in_time": 4, "of": 5}}\n{"now": {"in_')
    assert watch.told("payments", file) == {"in_time": 4, "of": 5}
    file.write_text('{"now": 7}\n{"now": }\n')
    assert watch.told("lesson", file) == {}


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_ended_keeps_its_result(tmp_path: Path, number: signal.Signals, code: int) -> None:
    script = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_faults import net
        from rabta.cli.emulate import work
        asked = work.activities("payments", "village", "city", 60.0)
        found = work.carried_out(Path({str(tmp_path / "x")!r}), net(), asked, 60.0, seed=0, capture=False,
                                 quiet=True, live="json")
        sys.exit(work.code(found))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        first = json.loads(one.stdout.readline())
        assert first["hosts"].keys() == {"village", "city"}
        time.sleep(2.5)
        one.send_signal(number)
        rest = [json.loads(line) for line in one.stdout]
        assert one.wait(timeout=30) == code
    assert rest[-1]["activities"][0]["state"] == "runs"
    assert rest[-1]["activities"][0]["in_time"] >= 1
    found = json.loads((tmp_path / "x" / plans.RESULT).read_text())
    assert found["activities"][0]["summary"]["payments"] >= 2
    assert (tmp_path / "x" / "report.html").stat().st_size > 5000
