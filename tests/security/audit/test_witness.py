"""Witnesses: what they sign, what they remember, over HTTP and after a crash."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.audit import keys as stored
from rabta.security.audit import notes
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.log import Log, disk
from rabta.security.audit.notes import ED25519, Note
from rabta.security.audit.policy import Policy
from rabta.security.audit.tree import Tree
from rabta.security.audit.witness import Remote, Request, Witness, gather
from rabta.security.audit.witness.serving import Server
from rabta.security.audit.witness.state import MOST_REQUEST
from rabta.security.core import Rejected

ORIGIN = "audit.example/log"
KEYS = stored.generate(ORIGIN, stored.LOG)
PUBLIC = tuple(key.public for key in KEYS)
OWN = stored.generate("w.example", stored.WITNESS)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    made = Witness(tmp_path / "witness", OWN, {ORIGIN: PUBLIC})
    yield made
    made.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with Log.create(tmp_path / "log", ORIGIN, KEYS) as made:
        made.extend([b"%d" % number for number in range(300)])
        made.checkpoint(1000)
        yield made


def refused(witness: Witness, request: Request) -> str:
    before = witness.newest(ORIGIN)
    with pytest.raises(Rejected) as caught:
        witness.add(request)
    assert witness.newest(ORIGIN) == before
    return caught.value.reason


def more(log: Log) -> Request:
    old = log.covered
    log.append(b"more")
    log.checkpoint(1001)
    return Request(old, tuple(log.consistency(old)), log.note)


def test_it_signs_what_goes_on(log: Log, witness: Witness) -> None:
    lines = witness.add(Request(0, (), log.note), now=123)
    policy = Policy(ORIGIN, PUBLIC, witness.public, 1)
    assert policy.check(notes.add(log.note, lines)).time == 123
    request = more(log)
    assert policy.check(notes.add(log.note, witness.add(request, now=124))).time == 124
    again = Request(301, (), log.note)
    assert policy.check(notes.add(log.note, witness.add(again, now=125))).time == 125
    assert witness.newest(ORIGIN) == Checkpoint.parse(Note.parse(log.note).text)


def test_statuses_of_tlog_witness(log: Log, witness: Witness) -> None:
    """C2SP tlog-witness, add-checkpoint: 404, 403, 400, 409 with the size, 422, 200."""
    first = Request(0, (), log.note)
    assert witness.answer(first.encode())[0] == 200
    request = more(log)
    foreign = stored.generate("other.example", stored.LOG)
    empty = Checkpoint("other.example", 0, Tree().root())
    assert witness.answer(Request(0, (), notes.sign(empty.text(), foreign)).encode())[0] == 404
    unsigned = notes.sign(Note.parse(log.note).text, OWN, 1)
    assert witness.answer(Request(300, request.proof, unsigned).encode())[0] == 403
    broken = log.note.replace(b"301", b"302")
    assert witness.answer(Request(300, request.proof, broken).encode())[0] == 403
    assert witness.answer(Request(302, request.proof, log.note).encode())[0] == 400
    assert witness.answer(b"nonsense")[0] == 400
    assert witness.answer(Request(0, (), log.note).encode()) == (409, b"300\n")
    assert witness.answer(Request(300, request.proof[1:], log.note).encode())[0] == 422
    assert witness.answer(bytes(MOST_REQUEST + 1))[0] == 413
    assert witness.answer(request.encode())[0] == 200
    assert witness.answer(first.encode()) == (409, b"301\n")


def test_two_heads_of_one_size_are_never_signed(log: Log, witness: Witness, tmp_path: Path) -> None:
    """The note of the other face is kept: it is evidence."""
    witness.add(Request(0, (), log.note))
    with Log.create(tmp_path / "other", ORIGIN, KEYS) as other:
        other.extend([b"x%d" % number for number in range(300)])
        note = other.checkpoint()
    assert refused(witness, Request(300, (), note)) == "split"
    assert refused(witness, Request(0, (), note)) == "split"
    assert witness.path(ORIGIN).with_name("split").read_bytes() == note


def test_a_proof_from_nothing_is_empty(log: Log, witness: Witness) -> None:
    assert refused(witness, Request(0, (bytes(32),), log.note)) == "proof"


def test_both_keys_of_a_log_must_have_signed(log: Log, witness: Witness) -> None:
    """One broken algorithm is not enough to have a forged head witnessed."""
    text = Note.parse(log.note).text
    for key in KEYS:
        assert refused(witness, Request(0, (), notes.sign(text, [key], 1))) == "signature"


def test_it_remembers_before_it_answers(log: Log, witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the memory cannot be written, no signature leaves."""
    witness.add(Request(0, (), log.note))
    request = more(log)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "put", full)
    with pytest.raises(RabtaError, match="not signed: No space left"):
        witness.add(request)
    monkeypatch.undo()
    head = witness.newest(ORIGIN)
    assert head is not None
    assert head.size == 300
    witness.add(request)


def test_memory_outlives_the_process(log: Log, tmp_path: Path) -> None:
    first = Witness(tmp_path / "w", OWN, {ORIGIN: PUBLIC})
    with pytest.raises(RabtaError, match="another process is this witness"):
        Witness(tmp_path / "w", OWN, {ORIGIN: PUBLIC})
    first.add(Request(0, (), log.note))
    first.close()
    again = Witness(tmp_path / "w", OWN, {ORIGIN: PUBLIC})
    assert again.answer(Request(0, (), log.note).encode()) == (409, b"300\n")
    path = again.path(ORIGIN)
    path.write_bytes(path.read_bytes().replace(b"300", b"299"))
    with pytest.raises(RabtaError, match="memory is damaged"):
        again.add(more(log))
    again.close()


def test_witnesses_sign_with_cosignatures_alone(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="needs cosigning keys"):
        Witness(tmp_path / "w", stored.generate("w.example", (ED25519,)), {})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text("old 0123\n=\u2014 a", max_size=60).map(str.encode))
def test_random_requests_are_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    witness = Witness(tmp_path_factory.mktemp("w"), OWN, {ORIGIN: PUBLIC})
    assert witness.answer(raw)[0] in {400, 404, 413}
    witness.close()


@pytest.fixture
def server(witness: Witness) -> Iterator[Server]:
    made = Server(witness)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_three_of_five_over_http_and_in_process(log: Log, server: Server, tmp_path: Path) -> None:
    """One behind HTTP, two here, one that is down, one that lies: the quorum is there."""
    owns = [stored.generate(f"w{i}.example", stored.WITNESS) for i in range(2)]
    two = [Witness(tmp_path / f"w{i}", own, {ORIGIN: PUBLIC}) for i, own in enumerate(owns)]
    down = stored.generate("down.example", stored.WITNESS)
    liar = stored.generate("liar.example", stored.WITNESS)
    keys = [own[0].public for own in (OWN, *owns, down, liar)]
    policy = Policy(ORIGIN, PUBLIC, tuple(keys), 3)

    def lying(body: bytes) -> tuple[int, bytes]:
        return 200, liar[0].line(Checkpoint(ORIGIN, 1, bytes(32)).text(), 5).encode()

    asked = [Remote(server.url), *(one.answer for one in two), Remote("http://127.0.0.1:9"), lying]
    for _ in range(2):
        note, problems = gather(log, keys, asked)
        assert policy.check(note).size == log.covered
        assert policy.witnessed(note) == ["w.example", "w0.example", "w1.example"]
        assert len(problems) == 2
        assert any("liar.example does not hold" in problem for problem in problems)
        more(log)
    for one in two:
        one.close()


def test_the_server_is_bounded_and_serves_its_newest_note(log: Log, server: Server) -> None:
    """C2SP tlog-witness: GET <hash of the origin>/checkpoint; 404 before the first."""
    host, port = str(server.server_address[0]), int(server.server_address[1])
    connection = http.client.HTTPConnection(host, port, timeout=5)

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, str]:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Content-Type", "")

    place = "/" + server.witness.path(ORIGIN).parent.name + "/checkpoint"
    assert ask("GET", place)[0] == 404
    assert ask("GET", "/../lock")[0] == 404
    body = Request(0, (), log.note).encode()
    status, lines, _ = ask("POST", "/add-checkpoint", body)
    assert status == 200
    assert ask("POST", "/add-checkpoint", body) == (409, b"300\n", "text/x.tlog.size")
    assert ask("GET", place)[1] == notes.add(log.note, lines.decode())
    assert ask("POST", "/elsewhere", body)[0] == 404
    connection.close()
    with socket.create_connection((host, port), timeout=5) as raw:
        raw.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    with pytest.raises(RabtaError, match="cannot listen"):
        Server(server.witness, host, port)
