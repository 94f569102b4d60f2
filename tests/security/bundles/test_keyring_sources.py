"""Who vouches for what: a bundle is authentic by its own source alone."""

from rabta.security.bundles.bpsec import Keyring, accept, integrity
from rabta.security.bundles.codec import Primary, eid, make

S, M, D = eid.parse("ipn:1.1"), eid.parse("ipn:2.1"), eid.parse("ipn:3.1")
KEYS = Keyring({"ipn:1": b"s" * 32, "ipn:2": b"m" * 32})


def bundle():
    return make(Primary(D, S, S, 0, 1, 1_000_000), b"payload")


def test_the_source_vouches_for_all():
    assert accept(integrity.add(bundle(), (0, 1), b"s" * 32, source=S), KEYS).authentic


def test_another_vouches_for_the_rest():
    """A peer guards primary block and payload: the source said nothing of them."""
    forged = integrity.add(bundle(), (0, 1), b"m" * 32, source=M)
    found = accept(forged, KEYS)
    assert {0, 1} <= found.guarded
    assert not found.authentic
