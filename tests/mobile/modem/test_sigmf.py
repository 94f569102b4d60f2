"""SigMF files: what is written comes back; what is wrong is refused by name (specification v1.2.0)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.modem import sigmf

SAMPLES = (np.linspace(-0.99, 0.99, 64) + 1j * np.linspace(0.99, -0.99, 64)).astype(np.complex64)


def _write(folder: Path, datatype: str = "cf32_le") -> Path:
    start = np.datetime64("2026-01-13T08:00:00.25")
    with sigmf.Writer(
        folder / "x.sigmf", 1e6, datatype=datatype, frequency_hz=2e9, start=start, own={"framing": "nr"}
    ) as file:
        file.append(SAMPLES[:10])
        file.append(SAMPLES[10:])
        file.note(3, 4, "frame", modcod="QPSK")
    return folder / "x"


@pytest.mark.parametrize("name", sigmf.TYPES)
def test_every_type_comes_back_within_half_a_step(tmp_path: Path, name: str) -> None:
    found = sigmf.load(_write(tmp_path, name))
    step = {"f": 1e-6}.get(name[1], 2.0 / 2.0 ** float(name[2:].split("_")[0]))
    assert found.count == 64
    assert found.kind.name == name
    assert np.abs((found.read() - SAMPLES).view(np.float32)).max() <= 0.51 * step + 1e-7
    assert found.start == np.datetime64("2026-01-13T08:00:00.25", "ns")
    assert (found.frequency_hz, found.own("framing"), found.seconds) == (2e9, "nr", 64e-6)


def test_bytes_are_as_the_specification_says(tmp_path: Path) -> None:
    """Interleaved I and Q; cu8 has its zero between 127 and 128, as receivers with eight bits write it."""
    _write(tmp_path, "cu8")
    raw = (tmp_path / "x.sigmf-data").read_bytes()
    assert len(raw) == 128
    assert raw[0] == round(-0.99 * 127.5 + 127.5)
    assert raw[1] == round(0.99 * 127.5 + 127.5)
    info = json.loads((tmp_path / "x.sigmf-meta").read_text())
    assert info["global"]["core:sha512"] == hashlib.sha512(raw).hexdigest()
    assert info["annotations"][0]["core:sample_start"] == 3


def test_parts_are_the_whole(tmp_path: Path) -> None:
    found = sigmf.load(_write(tmp_path))
    assert np.array_equal(np.concatenate(list(found.chunks(7))), found.read())
    assert np.array_equal(found.read(5, 6), SAMPLES[5:11])
    with pytest.raises(RabtaError, match="outside the recording"):
        found.read(60, 5)


def test_clipping_is_counted(tmp_path: Path) -> None:
    with sigmf.Writer(tmp_path / "x", 1.0, datatype="ci8") as file:
        file.append([2.0 + 0j, 0.5 - 3j])
    assert file.clipped == 2
    assert sigmf.load(tmp_path / "x").read()[0] == 1.0


def _edit(path: Path, change: Any) -> None:
    meta = path.with_name("x.sigmf-meta")
    info = json.loads(meta.read_text())
    change(info)
    meta.write_text(json.dumps(info))


WRONG = {
    "cf32": lambda i: i["global"].update({"core:datatype": "cf32"}),
    "real samples": lambda i: i["global"].update({"core:datatype": "rf32_le"}),
    "core:datatype": lambda i: i["global"].pop("core:datatype"),
    "core:version": lambda i: i["global"].update({"core:version": "0.0.2"}),
    "core:sample_rate": lambda i: i["global"].update({"core:sample_rate": -1.0}),
    "no such rate": lambda i: i["global"].update({"core:sample_rate": "fast"}),
    "several channels": lambda i: i["global"].update({"core:num_channels": 2}),
    "are not those": lambda i: i["global"].update({"core:sha512": "0" * 128}),
    "captures": lambda i: i.pop("captures"),
    "out of order": lambda i: i["captures"].append({"core:sample_start": 64}),
    "core:header_bytes": lambda i: i["captures"][0].update({"core:header_bytes": 8}),
    "core:datetime": lambda i: i["captures"][0].update({"core:datetime": "yesterday"}),
    "core:frequency": lambda i: i["captures"][0].update({"core:frequency": "2 GHz"}),
    "extension": lambda i: i["global"].update({"core:extensions": [{"name": "x", "optional": False}]}),
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_metadata_is_refused_by_name(tmp_path: Path, words: str) -> None:
    path = _write(tmp_path)
    _edit(path, WRONG[words])
    with pytest.raises(RabtaError, match=words):
        sigmf.load(path)


def test_wrong_samples_are_refused_by_name(tmp_path: Path) -> None:
    path = _write(tmp_path)
    data = tmp_path / "x.sigmf-data"
    whole = data.read_bytes()
    data.write_bytes(whole[:-3])
    with pytest.raises(RabtaError, match="ends inside a sample") as caught:
        sigmf.load(path)
    assert "a multiple of 8 bytes, one cf32_le sample each" in str(caught.value)
    data.write_bytes(b"")
    with pytest.raises(RabtaError, match="no samples"):
        sigmf.load(path)
    data.unlink()
    with pytest.raises(RabtaError, match="metadata without samples"):
        sigmf.load(path)
    with pytest.raises(RabtaError, match="no such recording"):
        sigmf.load(tmp_path / "y")
    data.write_bytes(np.full(4, np.nan, dtype=np.float32).tobytes())
    with pytest.raises(RabtaError, match="not finite"):
        sigmf.load(path, check=False).read()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_hostile_bytes_never_crash(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "h.sigmf-meta").write_bytes(raw)
    (tmp_path / "h.sigmf-data").write_bytes(raw)
    with pytest.raises(RabtaError):
        sigmf.load(tmp_path / "h")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_KEYS = ["core:datatype", "core:version", "core:sample_rate", "core:num_channels", "core:sha512",
         "core:extensions", "core:trailing_bytes", "core:dataset"]  # fmt: skip
_PART = st.fixed_dictionaries({}, optional={
    "core:sample_start": _JSON, "core:frequency": _JSON, "core:datetime": _JSON, "core:header_bytes": _JSON,
})  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=3),
    captures=st.lists(_PART | _JSON, max_size=3) | _JSON,
    notes=st.lists(_PART | _JSON, max_size=2) | _JSON,
)
def test_hostile_metadata_never_crashes(
    tmp_path: Path, changes: dict[str, Any], captures: Any, notes: Any
) -> None:
    head = {"core:datatype": "ci8", "core:version": "1.0.0", "core:sample_rate": 1.0, **changes}
    info = {"global": head, "captures": captures, "annotations": notes}
    (tmp_path / "h.sigmf-meta").write_text(json.dumps(info))
    (tmp_path / "h.sigmf-data").write_bytes(bytes(8))
    try:
        found = sigmf.load(tmp_path / "h")
    except RabtaError:
        return
    assert found.count * found.kind.size == 8
    found.read()
    _ = found.frequency_hz, found.start, found.seconds
