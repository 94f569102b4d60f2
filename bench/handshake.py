"""Handshakes a second, sizes, times over a geostationary path, beside Noise IK and Rosenpass's sizes.

Run: ``python bench/handshake.py [--peers FOLDER]``. FOLDER holds `noiseprotocol` 0.3.1 (a classical Noise IK:
no KEM, no fragments, no cookies). CPU seconds of one core, the least of several runs, sides taken apart;
every handshake has new ephemeral keys, parsed static keys are kept. Results go to
``bench/results/handshake.json``. ``--transcript`` writes new known answers for the verify suite instead.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rabta.security.core import CI, NS, HybridPrivate, Suite
from rabta.security.handshake import Initiator, Responder
from rabta.security.handshake import responder as responding
from rabta.security.overlay.paths import Loss, independent
from rabta.verify.security.handshake import BURSTS, GEO_LOSS, pair, percentile, shakes

RESULTS = Path(__file__).parent / "results" / "handshake.json"
KNOWN = Path(__file__).parents[1] / "src" / "rabta" / "verify" / "security" / "handshake.json"
RUNS, EACH, GEO_SHAKES = 12, 300, 10_000
NOISE = """
import json, time
from noise.connection import Keypair, NoiseConnection
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
a, b = X25519PrivateKey.generate(), X25519PrivateKey.generate()
raw = lambda k: k.private_bytes_raw()
def one():
    i, r = (NoiseConnection.from_name(b"Noise_IK_25519_ChaChaPoly_SHA256") for _ in "ir")
    i.set_as_initiator(); r.set_as_responder()
    i.set_keypair_from_private_bytes(Keypair.STATIC, raw(a))
    i.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, b.public_key().public_bytes_raw())
    r.set_keypair_from_private_bytes(Keypair.STATIC, raw(b))
    i.start_handshake(); r.start_handshake()
    first = i.write_message(); t = time.process_time(); r.read_message(first); second = r.write_message()
    t = time.process_time() - t; i.read_message(second)
    return len(first), len(second), t
best, side = 9.0, 9.0
for _ in range(RUNS):
    t = time.process_time(); done = [one() for _ in range(EACH)]
    best = min(best, time.process_time() - t); side = min(side, sum(d[2] for d in done))
print(json.dumps({"full_a_cpu_s": round(EACH / best), "responder_a_cpu_s": round(EACH / side),
                  "bytes": done[0][:2]}))
"""


def rates(suite: Suite) -> dict[str, object]:
    """Both sides together and apart."""
    a, as_a, b, as_b = pair(suite)
    best = [9.0, 9.0, 9.0, 9.0]
    sent: list[bytes] = []
    out: list[bytes] = []
    clock = time.process_time
    for _ in range(RUNS):
        answers = Responder(b, {as_a.identifier: as_a}.__getitem__, [suite])
        spent = [0.0, 0.0, 0.0]
        for _ in range(EACH):
            times = [clock()]
            begins = Initiator(a, as_b, suite)
            sent = begins.start(0.0)
            times.append(clock())
            out = [one for raw in sent for one in answers.receive(raw, b"a", 0.0).send]
            times.append(clock())
            for raw in out:
                begins.receive(raw, 0.0)
            times.append(clock())
            assert begins.keys is not None
            spent = [one + times[k + 1] - times[k] for k, one in enumerate(spent)]
        best = [min(one, two) for one, two in zip(best, [*spent, sum(spent)], strict=True)]
    return {
        "suite": suite.name,
        "full_a_cpu_s": round(EACH / best[3]),
        "responder_a_cpu_s": round(EACH / best[1]),
        "us": {name: round(1e6 * best[k] / EACH, 1) for k, name in enumerate(("begin", "answer", "finish"))},
        "bytes": [sum(map(len, sent)), sum(map(len, out))],
        "datagrams": [len(sent), len(out)],
        "longest_datagram": max(map(len, sent + out)),
    }


def primitives(suite: Suite) -> dict[str, float]:
    """What the same key operations cost by themselves: no handshake in Python can be faster (us)."""
    least = 9.0
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(200):
            HybridPrivate.generate(suite).public  # noqa: B018 (what is timed)
        least = min(least, (time.process_time() - start) / 200)
    one, other = HybridPrivate.generate(suite), HybridPrivate.generate(suite).public
    ciphertext = one.public.encapsulate()[1]
    found = {"key pair": 1e6 * least}
    calls: dict[str, Callable[[], object]] = {
        "encapsulate": one.public.encapsulate,
        "decapsulate": partial(one.decapsulate, ciphertext),
        "x25519": partial(one.exchange, other),
    }
    for name, call in calls.items():
        least = 9.0
        for _ in range(RUNS):
            start = time.process_time()
            for _ in range(200):
                call()
            least = min(least, (time.process_time() - start) / 200)
        found[name] = 1e6 * least
    return {name: round(value, 1) for name, value in found.items()}


def after() -> dict[str, float]:
    """ML-KEM-768 right after a cipher or hash (us): why suite CI is the slower one on some processors."""
    key = HybridPrivate.generate(CI)
    ciphertext, found = key.public.encapsulate()[1], {}
    before: dict[str, Callable[[], object]] = {
        "AES-256-GCM": lambda: NS.aead(bytes(32)).encrypt(bytes(12), bytes(48), b""),
        "ChaCha20-Poly1305": lambda: CI.aead(bytes(32)).encrypt(bytes(12), bytes(48), b""),
        "HMAC-SHA-384": lambda: NS.mac(bytes(32), bytes(32)),
        "HMAC-SHA-256": lambda: CI.mac(bytes(32), bytes(32)),
    }
    for name, call in before.items():
        spent = 0
        for _ in range(2000):
            call()
            start = time.process_time_ns()
            key.decapsulate(ciphertext)
            spent += time.process_time_ns() - start
        found[name] = round(spent / 2e6, 1)
    return found


def geostationary() -> list[dict[str, object]]:
    """Virtual seconds to the keys."""
    rows: list[dict[str, object]] = []
    for name, loss in (("independent", independent(GEO_LOSS)), ("bursts of five", Loss(**BURSTS))):
        for parity in range(3):
            took = shakes(GEO_SHAKES, parity, loss)
            at = {f"p{q}_s": round(percentile(took, q / 100), 3) for q in (50, 90, 99)}
            row: dict[str, object] = {"loss": name, "parity": parity, "handshakes": len(took)}
            rows.append(row | at | {"longest_s": round(took[-1], 3)})
    return rows


def noise(folder: str) -> object:
    """The classical peer, in an interpreter of its own."""
    code = f"RUNS, EACH = {RUNS}, {EACH}\n{NOISE}"
    env = os.environ | {"PYTHONPATH": folder}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else f"not there: {done.stderr[-200:]}"


def transcript(suite: Suite) -> dict[str, Any]:
    """One exchange with everything that was secret in it."""
    a, as_a, b, as_b = pair(suite)
    psk, made = os.urandom(32), []

    def recorded(*given: Any) -> HybridPrivate:
        made.append(HybridPrivate(*given))
        return made[-1]

    begins = Initiator(a, as_b, suite, psk)
    answers = Responder(b, {as_a.identifier: as_a}.__getitem__, [suite], psk=psk)
    with patch.object(responding, "HybridPrivate", recorded):
        steps = [answers.receive(one, b"a", 0.0) for one in begins.start(0.0)]
    out = [one for step in steps for one in step.send]
    for one in out:
        begins.receive(one, 0.0)
    keys = begins.keys
    assert keys is not None
    second = b"".join(one[12:] for one in out)[: 48 + 2 * suite.kem_ciphertext_bytes]

    def shown(key: HybridPrivate, identifier: bytes = b"") -> dict[str, str]:
        found = {"x25519": key.x25519_seed, "mlkem": key.mlkem_seed, "identifier": identifier}
        return {name: value.hex() for name, value in found.items() if value}

    return {
        "suite": suite.name,
        "initiator": shown(a.key(suite), a.identifier),
        "responder": shown(b.key(suite), b.identifier),
        "ephemeral": shown(begins._ephemeral),
        "answer": shown(made[0]),
        "psk": psk.hex(),
        "exchange": begins.exchange.hex(),
        "first": begins._hello.hex(),
        "second": second.hex(),
        "session": {
            "there": keys.send.hex(),
            "back": keys.receive.hex(),
            "exporter": keys.exporter.hex(),
            "name": keys.session.hex(),
        },
    }


def main() -> None:
    """Measure all and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", default=os.environ.get("RABTA_PEERS", ""))
    parser.add_argument("--transcript", action="store_true")
    asked = parser.parse_args()
    if asked.transcript:
        note = "Hexadecimal; private keys are seeds of FIPS 203 and RFC 7748. Test keys: never use them."
        kept = {"note": note, "exchanges": [transcript(suite) for suite in (NS, CI)]}
        KNOWN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        return
    result = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}; other load beside",
        "primitives_us": {
            suite.name: primitives(suite) for suite in (NS, CI)
        },  # before any ChaCha20: see after
        "rates": [rates(suite) for suite in (NS, CI)],
        "decapsulate_us_after": after(),
        "geostationary": geostationary(),
        "noise_ik": noise(asked.peers) if asked.peers else "not given",
        "rosenpass": {
            "bytes": [1092, 1132, 176],
            "round_trips": 1.5,
            "source": "rosenpass/src/msgs.rs at 09aa0e02 and papers/whitepaper.md: lengths of its fields",
            "note": "round-3 Kyber-512 ephemeral, Classic McEliece 460896 static (public keys of 524,160 B)",
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
