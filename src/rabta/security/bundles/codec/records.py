"""Administrative records: status reports of bundles (RFC 9171, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from rabta.security.bundles.codec import blocks, crc, eid, scan
from rabta.security.bundles.codec.blocks import Primary
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core.rejected import Rejected

STATUS_REPORT = 1
RECEIVED, FORWARDED, DELIVERED, DELETED = range(4)
STATES = ("received", "forwarded", "delivered", "deleted")
ASKED = (blocks.REPORT_RECEPTION, blocks.REPORT_FORWARDING, blocks.REPORT_DELIVERY, blocks.REPORT_DELETION)
EXPIRED, STORAGE, NO_ROUTE, NO_CONTACT, UNINTELLIGIBLE, HOP_LIMIT, PARED = 1, 4, 6, 7, 8, 9, 10
FAILED_SECURITY = 15
REASONS = {
    0: "no more information",
    1: "lifetime expired",
    2: "forwarded over a link of one direction",
    3: "transmission cancelled",
    4: "depleted storage",
    5: "destination unintelligible",
    6: "no known route",
    7: "no timely contact on the route",
    8: "block unintelligible",
    9: "hop limit exceeded",
    10: "traffic pared",
    11: "block unsupported",
    12: "missing security operation",  # 12 to 16: RFC 9172, 7.1
    13: "unknown security operation",
    14: "unexpected security operation",
    15: "failed security operation",
    16: "conflicting security operation",
}


@dataclass(frozen=True)
class Report:
    """What became of a bundle.

    Attributes
    ----------
    times : tuple of int or None
        DTN time (milliseconds since 2000; zero: not told) of each of `STATES`; None where it did not happen.
    """

    times: tuple[int | None, ...]
    reason: int
    source: Eid
    created: int
    sequence: int
    offset: int = 0
    length: int = 0

    @property
    def states(self) -> tuple[str, ...]:
        """Names of what happened."""
        return tuple(name for name, when in zip(STATES, self.times, strict=True) if when is not None)


def report_of(bundle: Bundle, state: int, reason: int = 0, when: int = 0) -> Report:
    """Report that a bundle is in a state."""
    primary = bundle.primary
    times = tuple(when if at == state else None for at in range(4))
    length = len(bundle.payload) if primary.fragment else 0
    return Report(times, reason, primary.source, primary.created, primary.sequence, primary.offset, length)


def encode(report: Report) -> bytes:
    """Payload of a bundle that bears the report."""
    told = [_state(when) for when in report.times]
    fields = [scan.array(*told), scan.uint(report.reason), report.source.raw]
    fields.append(scan.array(scan.uint(report.created), scan.uint(report.sequence)))
    if report.length:
        fields += [scan.uint(report.offset), scan.uint(report.length)]
    return scan.array(scan.uint(STATUS_REPORT), scan.array(*fields))


def _state(when: int | None) -> bytes:
    if when is None:
        return b"\x81\xf4"
    return scan.array(b"\xf5", scan.uint(when)) if when else b"\x81\xf5"


def decode(payload: bytes) -> Report:
    """Report in a payload.

    Raises
    ------
    Rejected
        With the reason ``"malformed"``; also for administrative records of other kinds.
    """
    cursor = scan.Cursor(payload)
    try:
        cursor.count(2, 2)
        if cursor.uint() != STATUS_REPORT:
            raise Rejected("malformed", "an administrative record that is no status report")
        return _body(cursor)
    except IndexError:
        raise Rejected("malformed", "a status report that ends too early") from None


def _body(cursor: scan.Cursor) -> Report:
    items = cursor.count(4, 6)
    cursor.count(4, 4)
    times = tuple(_when(cursor) for _ in range(4))
    reason, source = cursor.uint(), eid.read(cursor)
    cursor.count(2, 2)
    created, sequence = cursor.uint(), cursor.uint()
    if items == 5:
        raise Rejected("malformed", "a status report with half of a fragment's place")
    offset, length = (cursor.uint(), cursor.uint()) if items == 6 else (0, 0)
    cursor.end()
    return Report(times, reason, source, created, sequence, offset, length)


def _when(cursor: scan.Cursor) -> int | None:
    items = cursor.count(1, 2)
    happened = cursor.boolean()
    when = cursor.uint() if items == 2 else 0
    return when if happened else None


def bundle(primary: Primary, report: Report) -> Bundle:
    """Bundle that bears a report; its primary block gets the flag of an administrative record."""
    marked = primary.change(flags=(primary.flags | blocks.ADMINISTRATIVE) & ~blocks.REPORTS)
    payload = blocks.Block(blocks.PAYLOAD, 1, 0, encode(report), crc.CRC16)
    return Bundle(marked, (payload,))
