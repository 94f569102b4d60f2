"""``rabta overlay bundles``."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rabta.cli.overlay.bundles import app
from rabta.errors import RabtaError
from rabta.security.bundles.codec import blocks, eid
from rabta.security.bundles.contacts import Contact, formats
from rabta.verify.security import bpsec


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, RabtaError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("protocol", ["tcpcl", "mtcp"])
def test_a_file_from_node_to_node(tmp_path: Path, protocol: str) -> None:
    key, data = tmp_path / "k.key", tmp_path / "data"
    data.write_bytes(bytes(range(256)) * 100)
    run("key", str(key), "--nodes", "ipn:1", "ipn:2")
    assert key.stat().st_mode & 0o777 == 0o600
    mine = ["--node", "ipn:1.1", "--store", str(tmp_path / "1.db"), "--key", str(key)]
    found = json.loads(run("send", str(data), "--to", "ipn:2.1", "--json", *mine))
    assert (found["sent"], found["waiting"]) == (0, 1)
    theirs = ["--node", "ipn:2.1", "--store", str(tmp_path / "2.db"), "--key", str(key)]
    words = ["receive", "--listen", "127.0.0.1:0", "--protocol", protocol, "--out", str(tmp_path / "in")]
    main = "from rabta.cli.overlay.bundles import app; app()"
    child = subprocess.Popen(
        [sys.executable, "-c", main, *words, "--count", "1", "--seconds", "60", *theirs],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    port = child.stdout.readline().split(":")[-1].split()[0]
    found = json.loads(run("send", "--via", f"127.0.0.1:{port}", "--protocol", protocol, "--json", *mine))
    assert (found["sent"], found["waiting"]) == (1, 0)
    rest, _ = child.communicate(timeout=60)
    assert "25,600 bytes" in rest
    (path,) = (tmp_path / "in").iterdir()
    assert path.read_bytes() == data.read_bytes()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"x")
    store = ["--store", str(tmp_path / "s.db")]
    with pytest.raises(RabtaError, match="no key"):
        run("send", str(data), "--to", "ipn:2.1", *store)
    run("key", str(tmp_path / "k"), "--nodes", "ipn:3", "ipn:4")
    with pytest.raises(RabtaError, match="key of other nodes"):
        run("send", str(data), "--to", "ipn:2.1", "--key", str(tmp_path / "k"), *store)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(RabtaError, match="all bundles wait"):
        run("send", str(data), "--to", "ipn:2.1", "--plain", "--via", f"127.0.0.1:{port}", *store)
    with pytest.raises(RabtaError, match="not an address"):
        run("send", "--plain", "--via", "nowhere", *store)


def test_show(tmp_path: Path) -> None:
    path = tmp_path / "b.hex"
    path.write_text(bpsec.A4)
    found = json.loads(run("show", str(path), "--json"))
    assert [block.get("encrypted", False) for block in found["blocks"]] == [True, False, True]
    assert any("keystream" in note for note in found["notes"])
    path.write_bytes(bytes.fromhex(bpsec.A3))
    text = run("show", str(path))
    assert "HMAC-SHA-256" in text
    assert "AES-128" in text
    assert "300 ms" in text
    path.write_bytes(b"\x9f\x00")
    with pytest.raises(RabtaError, match="array"):
        run("show", str(path))


def test_show_reports_and_our_contexts(tmp_path: Path) -> None:
    from rabta.security.bundles.bpsec import sealed, signed
    from rabta.security.bundles.codec import Primary, make, records
    from rabta.security.core import NS, CompositePrivate, HybridPrivate

    me = eid.parse("ipn:1.1")
    base = make(Primary(eid.parse("ipn:2.1"), me, me, 0, 3, 1000), b"x", (blocks.AGE, b"\x00"))
    path = tmp_path / "b"
    proof = signed.add(base, CompositePrivate.generate(), b"i" * 48, 9, source=me)
    path.write_bytes(proof.raw)
    assert "counter: 9" in run("show", str(path))
    path.write_bytes(
        sealed.seal(proof, (proof.blocks[0].number, 1), HybridPrivate.generate(NS).public, source=me).raw
    )
    assert "ML-KEM-1024 and X25519" in run("show", str(path))
    path.write_bytes(records.bundle(Primary(me, me), records.report_of(base, records.DELETED, 9)).raw)
    assert "deleted: ipn:1.1 0 3 (hop limit exceeded)" in run("show", str(path))


def test_plan_route_simulate(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]
    formats.write(path, [Contact(0, 36_000, *pair, 1e6, 0.1) for pair in pairs])
    text = run("plan", str(path), "--svg", str(tmp_path / "p.svg"), "--out", str(tmp_path / "p.ion"))
    assert "4 contacts of 3 nodes" in text
    assert (tmp_path / "p.svg").read_text().startswith("<svg")
    assert len(json.loads(run("plan", str(tmp_path / "p.ion"), "--json"))["contacts"]) == 4
    found = json.loads(run("route", str(path), "--from", "a", "--to", "c", "--size", "0", "--json"))
    assert (found["nodes"], found["arrival_s"]) == (["a", "b", "c"], pytest.approx(0.2))
    with pytest.raises(RabtaError, match="no such node"):
        run("route", str(path), "--from", "a", "--to", "z")
    found = json.loads(run("simulate", str(path), "--bundles", "20", "--json"))
    assert found["delivered_share"] == 1.0
    assert found["up_share"] == pytest.approx(0.1)
    assert found["delay_s"]["max"] > 60
