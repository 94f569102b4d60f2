"""Vectors small enough to ship: the examples that the standards themselves print."""

from __future__ import annotations

from functools import partial

from rabta.security.core import CI
from rabta.verify.security.vectors import signatures, wycheproof
from rabta.verify.security.vectors.tally import Case, Tally, tally

VALID = {"result": "valid", "flags": ()}
HKDF: list[Case] = [
    {
        "ikm": "0b" * 22,
        "salt": "000102030405060708090a0b0c",
        "info": "f0f1f2f3f4f5f6f7f8f9",
        "okm": "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        "size": 42,
    },
    {
        "ikm": bytes(range(0x50)).hex(),
        "salt": bytes(range(0x60, 0xB0)).hex(),
        "info": bytes(range(0xB0, 0x100)).hex(),
        "okm": (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        "size": 82,
    },
    {
        "ikm": "0b" * 22,
        "okm": "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        "size": 42,
    },
]
_SHARED = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
X25519: list[Case] = [
    {
        "private": "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "public": "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "shared": "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    },
    {
        "private": "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "public": "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "shared": "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    },
    {
        "private": "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "public": "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "shared": _SHARED,
    },
    {
        "private": "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "public": "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "shared": _SHARED,
    },
]
ED25519: list[Case] = [
    {
        "publicKey": {"pk": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
        "sig": (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    },
    {
        "publicKey": {"pk": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
        "msg": "72",
        "sig": (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    },
]
CHACHA: list[Case] = [
    {
        "key": bytes(range(0x80, 0xA0)).hex(),
        "iv": "070000004041424344454647",
        "aad": "50515253c0c1c2c3c4c5c6c7",
        "msg": (
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
            b"sunscreen would be it."
        ).hex(),
        "ct": (
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
            "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b6116"
        ),
        "tag": "1ae10b594f09e26a7e902ecbd0600691",
    }
]
_KEY, _IV = "feffe9928665731c6d6a8f9467308308" * 2, "cafebabefacedbaddecaf888"
_MESSAGE = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
    "b16aedf5aa0de657ba637b391aafd255"
)
_BODY = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
    "c5f61e6393ba7a0abcc9f662898015ad"
)
GCM: list[Case] = [
    {"key": "00" * 32, "iv": "00" * 12, "tag": "530f8afbc74536b9a963b4f1c4cb738b"},
    {
        "key": "00" * 32,
        "iv": "00" * 12,
        "msg": "00" * 16,
        "ct": "cea7403d4d606b6e074ec5d3baf39d18",
        "tag": "d0d1c8a799996bf0265b98b5d48ab919",
    },
    {"key": _KEY, "iv": _IV, "msg": _MESSAGE, "ct": _BODY, "tag": "b094dac5d93471bdec1a502270e3cc6c"},
    {
        "key": _KEY,
        "iv": _IV,
        "aad": "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "msg": _MESSAGE[:120],
        "ct": _BODY[:120],
        "tag": "76fc6ece0f4e1768cddf8853bb2d551b",
    },
]
SETS = (
    ("HKDF-SHA256", "RFC 5869, A.1 to A.3", HKDF, partial(wycheproof.hkdf, CI)),
    ("X25519", "RFC 7748, 5.2 and 6.1", X25519, wycheproof.x25519),
    ("Ed25519", "RFC 8032, 7.1, tests 1 and 2", ED25519, signatures.ed25519),
    ("ChaCha20-Poly1305", "RFC 8439, 2.8.2", CHACHA, wycheproof.chacha),
    (
        "AES-256-GCM",
        "McGrew and Viega, the specification of GCM (SP 800-38D), test cases 13 to 16",
        GCM,
        wycheproof.gcm,
    ),
)


def run() -> list[Tally]:
    """Every example that ships."""
    return [
        tally(f"examples of {name}", source, [{"ivSize": 96, **VALID, **case} for case in cases], check)
        for name, source, cases, check in SETS
    ]
