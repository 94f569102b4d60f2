"""The security block's body (RFC 9172, 3.6): targets, context, source, parameters, results of targets."""

from __future__ import annotations

from dataclasses import dataclass

from rabta.security.bundles.codec import blocks, eid, scan
from rabta.security.bundles.codec.blocks import Block
from rabta.security.bundles.codec.bundle import MOST_BLOCKS, Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core.rejected import Rejected

BIB_HMAC_SHA2, BCB_AES_GCM = 1, 2
PRIMARY_SCOPE, TARGET_SCOPE, SECURITY_SCOPE = 1, 2, 4
FULL_SCOPE = PRIMARY_SCOPE | TARGET_SCOPE | SECURITY_SCOPE
MOST_FIELDS = 16
Value = int | bytes


@dataclass(frozen=True)
class Other:
    """A value of a kind that no context here has, as its raw CBOR."""

    raw: bytes


@dataclass(frozen=True)
class Asb:
    """Body of a security block.

    Attributes
    ----------
    parameters : dict of int to int, bytes or Other
        By their numbers in the security context, in the order of the block.
    results : tuple of dict
        One dictionary of results for each target.
    """

    targets: tuple[int, ...]
    context: int
    source: Eid
    parameters: dict[int, Value | Other]
    results: tuple[dict[int, Value | Other], ...]

    @property
    def raw(self) -> bytes:
        """Its CBOR sequence."""
        parts = [scan.array(*map(scan.uint, self.targets)), scan.integer(self.context)]
        parts += [scan.uint(1 if self.parameters else 0), self.source.raw]
        if self.parameters:
            parts.append(_written(self.parameters))
        parts.append(scan.array(*map(_written, self.results)))
        return b"".join(parts)

    def number(self, key: int, default: int) -> int:
        """Parameter that is an unsigned integer."""
        value = self.parameters.get(key, default)
        if not isinstance(value, int):
            raise Rejected("malformed", "a security parameter of the wrong type")
        return value

    def string(self, key: int) -> bytes | None:
        """Parameter that is a byte string; None where it is absent."""
        value = self.parameters.get(key)
        if value is not None and not isinstance(value, bytes):
            raise Rejected("malformed", "a security parameter of the wrong type")
        return value

    def result(self, at: int, key: int = 1) -> bytes:
        """Result of a target that is a byte string."""
        value = self.results[at].get(key)
        if not isinstance(value, bytes):
            raise Rejected("malformed", "a security block without its result")
        return value


def _written(values: dict[int, Value | Other]) -> bytes:
    return scan.array(*(scan.array(scan.uint(key), _value(value)) for key, value in values.items()))


def _value(value: Value | Other) -> bytes:
    if isinstance(value, bytes):
        return scan.bstr(value)
    return scan.uint(value) if isinstance(value, int) else value.raw


def read(data: bytes) -> Asb:
    """Body of a security block.

    Raises
    ------
    Rejected
        With the reason ``"malformed"``.
    """
    cursor = scan.Cursor(data)
    try:
        found = _read(cursor)
    except IndexError:
        raise Rejected("malformed", "a security block that ends too early") from None
    cursor.end()
    if len(found.results) != len(found.targets) or len(set(found.targets)) != len(found.targets):
        raise Rejected("malformed", "a security block whose targets and results do not agree")
    return found


def _read(cursor: scan.Cursor) -> Asb:
    targets = tuple([cursor.uint() for _ in range(cursor.count(1, MOST_BLOCKS))])
    context, flags, source = cursor.integer(), cursor.uint(), eid.read(cursor)
    if flags > 1:
        raise Rejected("malformed", "a security block with unknown flags")
    parameters = _fields(cursor) if flags else {}
    results = tuple([_fields(cursor) for _ in range(cursor.count(1, MOST_BLOCKS))])
    return Asb(targets, context, source, parameters, results)


def _fields(cursor: scan.Cursor) -> dict[int, Value | Other]:
    found: dict[int, Value | Other] = {}
    for _ in range(cursor.count(0, MOST_FIELDS)):
        if cursor.raw[cursor.at] != 0x82:
            raise Rejected("malformed", "a security parameter or result that is no pair")
        cursor.at += 1
        key = cursor.uint()
        if key in found:
            raise Rejected("malformed", "a security parameter or result that is there twice")
        major = cursor.raw[cursor.at] >> 5
        if major == scan.BYTES:
            found[key] = cursor.bstr()
        else:
            found[key] = cursor.uint() if major == scan.UINT else Other(cursor.skip())
    return found


def authenticated(bundle: Bundle, scope: int, target: int, security: bytes) -> bytes:
    """What is authenticated beside a target's data: flags and, as they say, three headers.

    RFC 9173, 3.7 and 4.7.2.

    Parameters
    ----------
    target : int
        The target's block number; 0 is the primary block, which is its own data and has no header.
    security : bytes
        Type, number and flags of the security block.
    """
    parts = [scan.uint(scope)]
    if scope & PRIMARY_SCOPE and target:
        parts.append(bundle.primary.raw)
    if scope & TARGET_SCOPE and target:
        parts.append(bundle.block(target).header)
    if scope & SECURITY_SCOPE:
        parts.append(security)
    return b"".join(parts)


def check_scope(scope: int) -> int:
    """Scope flags; bits that RFC 9173 does not define are refused, as what they would add is not known."""
    if scope > FULL_SCOPE:
        raise Rejected("malformed", "scope flags that are not defined")
    return scope


def of(bundle: Bundle, kind: int) -> dict[int, Asb]:
    """Bodies of all blocks of a security type, by block number."""
    return {block.number: read(block.data) for block in bundle.blocks if block.kind == kind}


def header(kind: int, number: int, flags: int) -> bytes:
    """Type, number and flags of a security block that is not made yet."""
    return scan.uint(kind) + scan.uint(number) + scan.uint(flags)


def block(kind: int, number: int, flags: int, body: Asb) -> Block:
    """Security block of its body."""
    return Block(kind, number, flags, body.raw)


def without_crc(bundle: Bundle, targets: tuple[int, ...]) -> Bundle:
    """Return the bundle with no check sum on what a security block guards (RFC 9173, 3.8.1 and 4.8.1)."""
    changed = [item.change(item.data, 0) for item in bundle.blocks if item.number in targets and item.crc]
    primary = bundle.primary.change(crc=0) if 0 in targets and bundle.primary.crc else bundle.primary
    return Bundle(primary, bundle.with_blocks(changed).blocks)


def check_targets(bundle: Bundle, kind: int, targets: tuple[int, ...]) -> None:
    """Refuse targets that RFC 9172 forbids (3.2, 3.7, 3.8 and 3.9)."""
    taken = {target for body in of(bundle, kind).values() for target in body.targets}
    hidden = {target for body in of(bundle, blocks.CONFIDENTIALITY).values() for target in body.targets}
    for target in targets:
        found = blocks.PAYLOAD if target == 0 else bundle.block(target).kind
        wrong = found == blocks.CONFIDENTIALITY or (kind == blocks.INTEGRITY and found == blocks.INTEGRITY)
        if wrong or target in taken or (target == 0 and kind == blocks.CONFIDENTIALITY) or target in hidden:
            raise Rejected("malformed", f"block {target} cannot be the target of this security block")
