"""Suite ``logs`` with its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta.errors import RabtaError
from rabta.security.audit import proofs
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.notes import COSIGNED_MLDSA44, Signing, sign
from rabta.verify import run
from rabta.verify.security import logs

FOLDER = Path("validation/security")


@pytest.mark.shared
def test_all_196_vectors_of_transparency_dev(shared: Path) -> None:
    rows = run("logs", shared / FOLDER)
    assert all(row.passed for row in rows if row.gate)
    (whole,) = [row for row in rows if row.name == "transparency-dev: all"]
    assert (whole.ours, whole.theirs) == (196, 196)


@pytest.mark.shared
def test_a_verifier_that_takes_all_fails_it(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("verify_inclusion", "verify_consistency"):
        monkeypatch.setattr(proofs, name, lambda *_: None)
    failed = {row.name for row in run("logs", shared / FOLDER) if row.status == "FAIL"}
    assert failed == {
        f"transparency-dev: {kind}" for kind in ("all", "inclusion proofs", "consistency proofs")
    }


def test_another_implementations_file_is_taken_where_it_is(tmp_path: Path) -> None:
    """The form of torchwood's test file, with a key of our own; a changed note fails."""
    key = Signing.generate("example.com/log", COSIGNED_MLDSA44)
    note = sign(Checkpoint("example.com/log", 1, bytes(32)).text(), [key]).decode()
    path = tmp_path / logs.TORCHWOOD
    path.write_text(f"add-key -key {key.public.text}\n```\nold 0\n\n{note}```\n")
    assert [row.status for row in logs.torchwood(path)] == ["ok"]
    path.write_text(path.read_text().replace("example.com/log\n1\n", "example.com/log\n3\n"))
    assert [row.status for row in logs.torchwood(path)] == ["FAIL"]
    assert [row.status for row in logs.torchwood(tmp_path / "none")] == ["shown"]


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no such reference file"):
        run("logs", tmp_path)
