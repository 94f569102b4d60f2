"""Tokens, on SoftHSM; skipped where it is not installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rabta.errors import RabtaError
from rabta.security.keystore import token as module
from rabta.security.keystore.token import PROBLEMS, Token, told

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL, PIN, ADMIN = "rabta-test", "27182818", "31415926"

needs = pytest.mark.skipif(
    not LIBRARY.exists() or shutil.which("softhsm2-util") is None,
    reason="SoftHSM is not installed (Debian: softhsm2)",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new token; the library reads its configuration again when it looks for tokens anew."""
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", ADMIN]
    subprocess.run(command, check=True, capture_output=True)
    yield tokens
    assert not module._OPEN


def _fresh() -> Token:
    import pkcs11

    pkcs11.lib(str(LIBRARY)).reinitialize()
    return Token(LIBRARY, LABEL, PIN)


@needs
def test_keys_are_made_kept_and_sign(folder: Path) -> None:
    with _fresh() as token:
        first = token.create("root-1")
        second = token.create("root-2")
        assert token.names() == ["root-1", "root-2"]
        signature = first.sign(b"message", b"context")
        first.public.verify(signature, b"message", b"context")
        assert first.public != second.public
        with pytest.raises(RabtaError, match="signature does not hold"):
            second.public.verify(signature, b"message", b"context")
    with _fresh() as token:
        again = token.open("root-1")
        assert again.public == first.public
        again.public.verify(again.sign(b"other", b""), b"other", b"")
        with pytest.raises(RabtaError, match="did you mean 'root-1'"):
            token.open("rot-1")
        with pytest.raises(RabtaError, match="has a key of this name"):
            token.create("root-1")
    with pytest.raises(RabtaError, match="closed"):
        token.names()
    assert PIN not in repr(token) + repr(again) + str(vars(token))


@needs
def test_private_halves_do_not_leave_it(folder: Path) -> None:
    """Neither half's secret is readable; the seed in the data object is sealed."""
    from pkcs11 import Attribute, KeyType, ObjectClass, exceptions

    with _fresh() as token:
        signer = token.create("root")
        for kind, of, value in (("PRIVATE_KEY", "EC_EDWARDS", "VALUE"), ("SECRET_KEY", "AES", "VALUE")):
            key = signer._key(kind, of)
            assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE]) == (True, False)
            with pytest.raises(exceptions.AttributeSensitive):
                key[Attribute[value]]
        assert token._live().get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES)
        sealed = signer._fields["sealed"]
        assert len(sealed) == 32 + 16
        assert signer._unsealed().private_bytes_raw() not in str(signer._fields).encode()


@needs
def test_wrong_pin_absent_token_and_no_library(folder: Path, tmp_path: Path) -> None:
    _fresh().close()
    with pytest.raises(RabtaError, match="PIN is wrong") as caught:
        Token(LIBRARY, LABEL, "11111111")
    assert "11111111" not in str(caught.value)
    assert caught.value.__suppress_context__
    with pytest.raises(RabtaError, match="no such token"):
        Token(LIBRARY, "another", PIN)
    with pytest.raises(RabtaError, match="no such PKCS#11 library"):
        Token(tmp_path / "none.so", LABEL, PIN)
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(RabtaError, match="no PKCS#11 library"):
        Token(tmp_path / "text.so", LABEL, PIN)


@needs
def test_a_token_that_is_removed(folder: Path) -> None:
    """Its files are gone while it is open: one clear error, and no signature."""
    with _fresh() as token:
        signer = token.create("root")
        for path in folder.iterdir():
            shutil.rmtree(path)
        with pytest.raises(RabtaError, match="the token"):
            signer.sign(b"message", b"")
    with pytest.raises(RabtaError, match="no such token"):
        _fresh()


@needs
def test_a_token_that_lies_is_found(folder: Path) -> None:
    """A seed changed in the token: the signature is verified before it is given out."""
    with _fresh() as token:
        signer = token.create("root")
        other = token.create("other")
        object.__setattr__(signer, "_fields", other._fields)
        with pytest.raises(RabtaError, match=r"refused|does not hold"):
            signer.sign(b"message", b"")


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_known_error_is_one_sentence(name: str) -> None:
    """A locked token among them, which SoftHSM cannot be."""
    exceptions = pytest.importorskip("pkcs11.exceptions")
    with pytest.raises(RabtaError) as caught, told("label"):
        raise getattr(exceptions, name)("PIN 27182818 of the user")
    assert caught.value.problem == PROBLEMS[name]
    assert PIN not in str(caught.value)
    assert caught.value.__suppress_context__


@needs
def test_commands(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rabta keys token` in its own process, as a person runs it: the PIN is in no argument."""
    from rabta.security.core import CompositePublic

    monkeypatch.setenv("RABTA_PKCS11", str(LIBRARY))
    monkeypatch.setenv("RABTA_PIN", PIN)
    (tmp_path / "statement").write_bytes(b"text")

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        start = "from rabta.cli.keys.token import app; from rabta.errors import RabtaError\n"
        start += "try: app()\nexcept RabtaError as e: raise SystemExit(f'error: {e}')"
        command = [sys.executable, "-c", start, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)

    assert "root-1" in call("new", LABEL, "root-1").stdout
    assert call("show", LABEL, "--json").stdout == '["root-1"]\n'
    call("show", LABEL, "root-1", "--out", tmp_path / "public")
    done = call(
        "sign", LABEL, "root-1", tmp_path / "statement", "--context", "test", "--out", tmp_path / "sig"
    )
    assert done.returncode == 0, done.stderr
    public = CompositePublic((tmp_path / "public").read_bytes())
    public.verify((tmp_path / "sig").read_bytes(), b"text", b"test")
    monkeypatch.setenv("RABTA_PIN", "11111111")
    assert "PIN is wrong" in call("show", LABEL).stderr
    monkeypatch.delenv("RABTA_PIN")
    assert "needs its PIN" in call("show", LABEL).stderr
