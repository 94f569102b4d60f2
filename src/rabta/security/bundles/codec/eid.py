"""Endpoint identifiers: ``dtn`` and ``ipn`` (RFC 9171, 4.2.5.1), also ipn of three elements (RFC 9758)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rabta.errors import RabtaError
from rabta.security.bundles.codec import scan
from rabta.security.core.rejected import Rejected

DTN, IPN = 1, 2
MOST_TEXT = 1023
_MOST_NUMBER = (1 << 64) - 1
_MOST_32 = (1 << 32) - 1


@dataclass(frozen=True)
class Eid:
    """An endpoint: the scheme and what follows it.

    Attributes
    ----------
    ssp : str or tuple of int
        ``"none"`` or ``"//node/service"`` of dtn; (node, service) or (allocator, node, service) of ipn. Both
        forms of ipn are kept apart, as what is authenticated must not be written anew.
    """

    scheme: int
    ssp: str | tuple[int, ...]

    def __str__(self) -> str:
        if isinstance(self.ssp, str):
            return f"dtn:{self.ssp}"
        return "ipn:" + ".".join(map(str, self.ssp))

    @property
    def none(self) -> bool:
        """True of the null endpoint (dtn:none; ipn:0.0 by RFC 9758, 3.4.1)."""
        return self.ssp == "none" or (self.scheme == IPN and not any(self.ssp))

    @property
    def node(self) -> str:
        """Name of the node, the same for all its endpoints and for both forms of ipn (RFC 9758, 3.1)."""
        if isinstance(self.ssp, str):
            return "dtn:none" if self.ssp == "none" else "dtn://" + self.ssp[2:].split("/", 1)[0]
        allocator, number = (0, self.ssp[0]) if len(self.ssp) == 2 else self.ssp[:2]
        return f"ipn:{allocator << 32 | number}"

    @property
    def raw(self) -> bytes:
        """Its CBOR."""
        if isinstance(self.ssp, str):
            return b"\x82\x01" + (b"\x00" if self.ssp == "none" else scan.tstr(self.ssp))
        return b"\x82\x02" + scan.array(*map(scan.uint, self.ssp))

    def service(self, number: int) -> Eid:
        """Another endpoint of the same node."""
        if isinstance(self.ssp, str):
            return parse(f"{self.node}/{number}")
        return Eid(IPN, (*self.ssp[:-1], number))


NONE = Eid(DTN, "none")


def read(cursor: scan.Cursor) -> Eid:
    """Take an endpoint from a bundle."""
    raw, at = cursor.raw, cursor.at
    if raw[at : at + 3] == b"\x82\x02\x82" and raw[at + 3] < 24 and raw[at + 4] < 24:  # ipn, in one step
        cursor.at = at + 5
        return _ipn((raw[at + 3], raw[at + 4]))
    if raw[at] != 0x82:
        raise Rejected("malformed", "no endpoint where one must be")
    cursor.at = at + 1
    scheme = cursor.uint()
    if scheme == IPN:
        items = cursor.count(2, 3)
        numbers = (cursor.uint(), cursor.uint())
        return _ipn(numbers if items == 2 else (*numbers, cursor.uint()))
    if scheme != DTN:
        raise Rejected("malformed", "an endpoint of a scheme that is neither dtn nor ipn")
    if raw[cursor.at] == 0:
        cursor.at += 1
        return NONE
    return _dtn(cursor.text())


@lru_cache(4096)
def _ipn(numbers: tuple[int, ...]) -> Eid:
    if len(numbers) == 3 and max(numbers[:2]) > _MOST_32:
        raise Rejected("malformed", "an ipn endpoint with a number beyond 32 bits")
    return Eid(IPN, numbers)


def _dtn(text: str) -> Eid:
    # RFC 9171, 4.2.5.1.1: "//" node-name name-delim demux, of visible ASCII
    good = 4 <= len(text) <= MOST_TEXT and text.startswith("//") and "/" in text[3:]
    if not good or not all("!" <= letter <= "~" for letter in text):
        raise Rejected("malformed", "a dtn endpoint that is not //node/service")
    return Eid(DTN, text)


def parse(text: str) -> Eid:
    """Endpoint as a person writes it.

    Raises
    ------
    RabtaError
        If it is none.

    Examples
    --------
    >>> str(parse("ipn:2.1")), parse("dtn://lahore/mail").node, parse("ipn:1.2.3").node
    ('ipn:2.1', 'dtn://lahore', 'ipn:4294967298')
    """
    scheme, _, rest = text.partition(":")
    try:
        if text == "dtn:none":
            return NONE
        if scheme == "dtn":
            return _dtn(rest)
        numbers = tuple(int(part) for part in rest.split(".") if part.isascii() and part.isdigit())
        if scheme == "ipn" and len(numbers) == rest.count(".") + 1 in {2, 3} and max(numbers) <= _MOST_NUMBER:
            return _ipn(numbers)
    except Rejected:
        pass
    raise RabtaError(
        "not an endpoint", value=text[:80], expected="ipn:NODE.SERVICE, dtn://NODE/SERVICE or dtn:none"
    )
