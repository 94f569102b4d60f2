"""Sources of elements: files, folders, addresses; what makes a set unusable; kinds of orbit."""

import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import schema
from rabta.errors import RabtaError
from rabta.space import elements

from .samples import IGSO, LEO, MEO, put
from .test_omm import SPELLINGS

THREE = "\n".join((*LEO, *MEO, *IGSO)) + "\n"
GEO = put(put(put(IGSO[1], 9, "  0.0536"), 53, "1.00273800"), 27, "0002640")


def test_table_has_the_columns_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "three.tle"
    path.write_text(THREE)
    frame = elements.read(str(path))
    assert frame.columns.tolist() == list(schema.tables()["satellites"])
    assert frame["orbit"].tolist() == ["leo", "meo", "igso"]
    assert frame["min_elevation_deg"].tolist() == [25.0] * 3
    assert frame["longitude_deg"].isna().all()


def test_geostationary_satellites_come_last_with_their_longitude(tmp_path: Path) -> None:
    path = tmp_path / "two.tle"
    path.write_text("\n".join((IGSO[0], GEO, *LEO)))
    frame = elements.read(str(path))
    assert frame["orbit"].tolist() == ["leo", "geo"]
    from rabta.space.propagate import satrecs
    from rabta.times import gmst_rad

    _, (x, y, _), _ = satrecs(frame)[1].sgp4_tsince(0.0)
    east = np.degrees(np.arctan2(y, x) - gmst_rad(frame["epoch_jd"][1]))
    off = np.mod(east - frame["longitude_deg"][1] + 180.0, 360.0) - 180.0
    assert abs(off) < 0.2  # eccentricity 0.00026 moves it by up to 0.03 deg


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.tle").write_text("\n".join(MEO))
    (tmp_path / "b.json").write_text(SPELLINGS["json"])
    (tmp_path / "notes.md").write_text("not elements")
    assert elements.read(str(tmp_path))["norad"].tolist() == [28129, 6251]


def test_a_satellite_twice_is_named_with_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.tle").write_text("\n".join(LEO))
    (tmp_path / "b.csv").write_text(SPELLINGS["csv"])
    with pytest.raises(RabtaError, match="twice") as caught:
        elements.read(str(tmp_path))
    assert "b.csv" in str(caught.value.file)
    assert "line 1 of" in str(caught.value.expected)
    assert "a.tle" in str(caught.value.expected)


def test_decayed_elements_are_named() -> None:
    fallen = put(LEO[1], 53, "17.50000000")
    with pytest.raises(RabtaError, match="cannot propagate") as caught:
        elements.parse("\n".join((*MEO, LEO[0], fallen)).encode(), "some.tle")
    assert caught.value.key == "line 3"
    assert "decayed" in str(caught.value.value)


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"[]"])
def test_nothing_inside_is_an_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(raw)
    with pytest.raises(RabtaError, match="no element sets"):
        elements.read(str(path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="cannot read"):
        elements.read(str(tmp_path / "none.tle"))


@pytest.mark.shared
def test_whole_catalogue(shared: Path) -> None:
    frame = elements.read(str(shared / "data" / "catalogues" / "starlink_2026-01-13.tle"))
    assert len(frame) == 9341
    assert set(frame["orbit"]) == {"leo"}


class Handler(BaseHTTPRequestHandler):
    """Answers with what the test asks for."""

    reply: ClassVar[tuple[int, bytes]] = (200, b"")
    asked: ClassVar[int] = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        status, body = self.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Handler.reply, Handler.asked = (200, THREE.encode()), 0
    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/group.tle"
    http.shutdown()
    http.server_close()
    thread.join()


def test_an_address_is_fetched_once_while_fresh(server: str) -> None:
    assert len(elements.read(server)) == 3
    assert len(elements.read(server)) == 3
    assert Handler.asked == 1
    assert len(elements.read(server, max_age_s=-1.0)) == 3
    assert Handler.asked == 2


def test_an_old_copy_serves_when_the_network_fails(server: str) -> None:
    kept = elements.fetch(server)
    old = time.time() - 10 * 3600
    os.utime(kept, (old, old))
    Handler.reply = (503, b"")
    with pytest.warns(UserWarning, match=r"using the copy of 10\.0 h ago"):
        assert len(elements.read(server)) == 3


def test_a_failure_without_a_copy_is_an_error(server: str) -> None:
    Handler.reply = (404, b"")
    with pytest.raises(RabtaError, match="cannot fetch: HTTP Error 404") as caught:
        elements.read(server)
    assert caught.value.file == server


def test_a_reply_without_end_is_cut_off(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "MAX_BYTES", 100)
    with pytest.raises(RabtaError, match="too large"):
        elements.read(server)


def test_only_web_addresses_are_fetched() -> None:
    with pytest.raises(RabtaError, match="not a web address"):
        elements.fetch("file:///etc/hostname")


def holds_together(raw: bytes) -> None:
    """Content gives either an error of ours or elements within their ranges."""
    try:
        columns = elements.parse(raw, "fuzz")
    except RabtaError:
        return
    for name, (low, high) in elements.RANGES.items():
        values = columns[name].astype(float)
        assert ((values >= low) & (values <= high)).all()
    assert np.isfinite(columns["epoch_jd"].astype(float)).all()
    frame = elements.table({k: v for k, v in columns.items() if k not in {"line", "file"}})
    assert len(frame) == len(columns["norad"])


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_tle_never_breaks_the_reader(data: st.DataObject) -> None:
    raw = bytearray(THREE.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    holds_together(bytes(raw))


@given(
    row=st.integers(0, 1),
    first=st.integers(3, 68),
    text=st.text("0123456789 .+-eEnaif_ABIZ", min_size=1, max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_wrong_fields_with_a_right_checksum_never_break_the_reader(row: int, first: int, text: str) -> None:
    lines = list(LEO)
    lines[row] = put(lines[row], first, text[: 69 - first])
    holds_together("\n".join(lines).encode())


@given(spelling=st.sampled_from(sorted(SPELLINGS)), data=st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_omm_never_breaks_the_reader(spelling: str, data: st.DataObject) -> None:
    raw = bytearray(SPELLINGS[spelling].encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    holds_together(bytes(raw))


@given(raw=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_never_break_the_reader(raw: bytes) -> None:
    holds_together(raw)
