"""Suite ``bpsec``: the examples of RFC 9173, appendix A, read, verified, opened and made again byte for byte.

The bundles, keys and parameters are facts of the RFC; the same hexadecimal strings are in the tests of
nasa/HDTN (common/bpsec/test/TestBpsecDefault.cpp, ad79ba0).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rabta.security.core.rejected import Rejected
from rabta.verify import Row, reference, suite

HMAC_KEY = bytes.fromhex("1a2b" * 8)
KEY, KEY_256, WRAPPING = b"qwertyuiopasdfgh", b"qwertyuiopasdfgh" * 2, b"abcdefghijklmnop"
IV = b"Twelve121212"
PAYLOAD = b"Ready to generate a 32-byte payload"
_PRIMARY = "88070000820282010282028202018202820201820018281a000f4240"
_PLAIN = "85010100005823" + PAYLOAD.hex()
_HIDDEN = "850101000058233a09c1e63fe23a7f66a59c7303837241e070b02619fc59c5214a22f08cd70795e73e9a"
A1 = (
    f"9f{_PRIMARY}850b0200005856810101018202820201828201078203008181820158403bdc69b3a34a2b5d3a8554368bd1e808"
    "f606219d2a10a846eae3886ae4ecc83c4ee550fdfb1cc636b904e2f1a73e303dcd4b6ccece003e95e8164dcc89a156e1"
    f"{_PLAIN}ff"
)
A2 = (
    f"9f{_PRIMARY}850c02010058508101020182028202018482014c5477656c7665313231323132820201820358"
    "1869c411276fecddc4780df42c8a2af89296fabf34d7fae7008204008181820150efa4b5ac0108e3816c5606479801bc04"
    f"{_HIDDEN}ff"
)
A3 = (
    f"9f{_PRIMARY}850b030000585c8200020101820282030082820105820300828182015820cac6ce8e4c5dae57"
    "988b757e49a6dd1431dc04763541b2845098265bc817241b81820158203ed614c0d97f49b3633627779aa18a338d212bf3c9"
    "2b97759d9739cd50725596850c04010058348101020182028202018382014c5477656c7665313231323132820201"
    f"8204008181820150efa4b5ac0108e3816c5606479801bc0485070200004319012c{_HIDDEN}ff"
)
A4_BIB = (
    f"9f{_PRIMARY}850b030000584681010101820282020182820106820307818182015830f75fe4c37f76f046165855bd5ff72fbf"
    f"d4e3a64b4695c40e2b787da005ae819f0a2e30a2e8b325527de8aefb52e73d71{_PLAIN}ff"
)
A4 = (
    f"9f{_PRIMARY}850b0300005846438ed6208eb1c1ffb94d952175167df0902902064a2983910c4fb2340790bf420a7d1921d5bf"
    "7c4721e02ab87a93ab1e0b75cf62e4948727c8b5dae46ed2af05439b88029191850c020100584982030102018202820201"
    "8382014c5477656c766531323132313282020382040782818201502"
    "20ffc45c8a901999ecc60991dd78b29818201"
    "50d2c51cb2481792dae8b21d848cede99b8501010000582390eab6457593379298a8724e16e61f837488e127212b59ac91f8a8"
    "6287b7d07630a122ff"
)
SOURCE = "RFC 9173, appendix "


@dataclass(frozen=True)
class Example:
    """One bundle of the RFC: how it is checked, and how it is made.

    Attributes
    ----------
    accept : callable
        From the bundle's bytes: those that are left with all its security verified and removed.
    make : callable
        The bundle's bytes, made from keys and parameters.
    plain : str
        Hexadecimal of what is left.
    """

    name: str
    raw: str
    accept: Callable[[bytes], bytes]
    make: Callable[[], bytes]
    plain: str


def _accept(bibs: tuple[int, ...] = (), bcb: int = 0, key: bytes = b"") -> Callable[[bytes], bytes]:
    from rabta.security.bundles.bpsec import confidentiality, integrity
    from rabta.security.bundles.codec import decode

    def accept(raw: bytes) -> bytes:
        bundle = decode(raw)
        if bcb:
            bundle = confidentiality.decrypt(bundle, bcb, key)
        for number in bibs:
            integrity.verify(bundle, number, HMAC_KEY)
        return bundle.without(*bibs).raw

    return accept


def examples() -> list[Example]:
    """All examples of the appendix; A.4 as it is before and after encryption."""
    from rabta.security.bundles.bpsec import confidentiality as hide
    from rabta.security.bundles.bpsec import integrity
    from rabta.security.bundles.codec import Bundle, Primary, scan
    from rabta.security.bundles.codec.blocks import AGE, Block
    from rabta.security.bundles.codec.eid import parse

    me, other = parse("ipn:2.1"), parse("ipn:3.0")
    primary = Primary(parse("ipn:1.2"), me, me, 0, 40, 1_000_000, 0, 0)
    base = Bundle(primary, (Block(1, 1, 0, PAYLOAD),))
    aged = base.insert(Block(AGE, 2, 0, scan.uint(300)))

    def first() -> bytes:
        return integrity.add(base, (1,), HMAC_KEY, source=me, variant=7, scope=0).raw

    def second() -> bytes:
        return hide.encrypt(base, (1,), KEY, source=me, iv=IV, variant=1, scope=0, wrapping=WRAPPING).raw

    def third() -> bytes:
        signed = integrity.add(aged, (0, 2), HMAC_KEY, source=other, variant=5, scope=0)
        return hide.encrypt(signed, (1,), KEY, source=me, iv=IV, variant=1, scope=0, at=1).raw

    def signed() -> Bundle:
        return integrity.add(base, (1,), HMAC_KEY, source=me, number=3, variant=6, scope=7)

    def fourth() -> bytes:
        return hide.encrypt(
            signed(), (3, 1), KEY_256, source=me, number=2, iv=IV, variant=3, scope=7, at=1, one_iv=True
        ).raw

    plain, with_age = base.raw.hex(), aged.raw.hex()
    return [
        Example("A.1", A1, _accept((2,)), first, plain),
        Example("A.2", A2, _accept((), 2, WRAPPING), second, plain),
        Example("A.3", A3, _accept((3,), 4, KEY), third, with_age),
        Example("A.4 before encryption", A4_BIB, _accept((3,)), lambda: signed().raw, plain),
        Example("A.4", A4, _accept((3,), 2, KEY_256), fourth, plain),
    ]


def _same(make: Callable[[], bytes], expected: str) -> bool:
    try:
        return make().hex() == expected
    except Rejected:
        return False


def _shared_files(files: Path) -> list[Row]:
    found = json.loads((reference(files, "rfc9173.json") or files).read_text())
    bundles = {key: item["bundle"] for key, item in found.items() if isinstance(item, dict)}
    ours = {"A.1": A1, "A.3": A3, "A.4": A4_BIB}
    same = sum(ours[key[:3]] == raw for key, raw in bundles.items())
    return [Row("bundles of rfc9173.json that are the shipped ones", same, len(bundles), 0, "rfc9173.json")]


def keystream_reused(raw: bytes, plain: bytes) -> int:
    """How many first bytes of A.4's two targets were encrypted with the same keystream."""
    from rabta.security.bundles.codec import decode

    hidden, clear = decode(raw), decode(plain)
    pair = [
        [a ^ b for a, b in zip(hidden.block(number).data, clear.block(number).data, strict=True)]
        for number in (3, 1)
    ]
    return sum(a == b for a, b in zip(*pair, strict=False))


@suite(
    "bpsec",
    "Security: bundles of RFC 9173's appendix, verified and made again",
    needs="rfc9173.json",
    marks=("rfc9173.json",),
)
def rows(files: Path | None) -> list[Row]:
    """Each example verified and opened, each made again; then what is not safe in the RFC's A.4."""
    found, good = [], 0
    for item in examples():
        left = partial(item.accept, bytes.fromhex(item.raw))
        checks = (
            (
                "security verified, opened and removed",
                _same(left, item.plain),
            ),
            ("made again byte for byte", _same(item.make, item.raw)),
        )
        good += sum(held for _, held in checks)
        found += [Row(f"{item.name}: {name}", held, 1, 0, SOURCE + item.name[:3]) for name, held in checks]
    found.append(
        Row("examples verified and made again", good, 2 * len(examples()), 0, "RFC 9173, appendix A")
    )
    found.append(
        Row(
            "A.4: bytes of the payload under a keystream used twice",
            keystream_reused(bytes.fromhex(A4), bytes.fromhex(A4_BIB)),
            0,
            0,
            "NIST SP 800-38D, 8: an initialisation vector is used once with a key",
            gate=False,
        )
    )
    return found + _peer() + (_shared_files(files) if files is not None else [])


def _peer() -> list[Row]:
    """Numbers of RFC 9171 that pyD3TN 0.15.2 has otherwise; nothing where it is not installed."""
    if importlib.util.find_spec("pyd3tn") is None:
        return []
    from pyd3tn import bundle7 as peer

    from rabta.security.bundles.codec import blocks, records
    from rabta.security.bundles.codec.eid import parse

    when = peer.CreationTimestamp(1_800_000_000, 0)
    report = peer.BundleStatusReport(peer.StatusCode.DELIVERED_BUNDLE, 0, (1, 0), when, time=when.time)
    ours = records.decode(
        records.encode(records.Report((None, None, when[0], None), 0, parse("dtn:none"), when[0], 0))
    )
    pairs = (
        (
            "flag of a bundle: report deletion (4.2.3)",
            blocks.REPORT_DELETION,
            peer.BundleProcFlag.REPORT_DELETION,
        ),
        (
            "flag of a block: report if unknown (4.2.4)",
            blocks.REPORT_UNKNOWN,
            peer.BlockProcFlag.REPORT_IF_UNPROC,
        ),
        (
            "flag of a block: delete if unknown (4.2.4)",
            blocks.DELETE_UNKNOWN,
            peer.BlockProcFlag.DELETE_BUNDLE_IF_UNPROC,
        ),
        (
            "flag of a block: discard if unknown (4.2.4)",
            blocks.DISCARD_UNKNOWN,
            peer.BlockProcFlag.DISCARD_IF_UNPROC,
        ),
        ("time in a status report, milliseconds (6.1.1)", ours.times[2] or 0, report.delivered_time),
    )
    return [Row(f"pyD3TN: {name}", a, int(b), 0, "RFC 9171", gate=False) for name, a, b in pairs]
