"""Links, routes, queues and filters of a network namespace, asked of the kernel over netlink (RFC 3549).

Numbers are those of the kernel's headers: linux/rtnetlink.h, if_link.h, veth.h, pkt_sched.h and pkt_cls.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from types import TracebackType
from typing import Self

from rabta.errors import EXIT_SYSTEM, RabtaError

NEWLINK, NEWROUTE, NEWQDISC, NEWTCLASS, NEWTFILTER = 16, 24, 36, 40, 44
REQUEST, ACK, REPLACE, EXCL, CREATE = 0x1, 0x4, 0x100, 0x200, 0x400
NEW, CHANGE = CREATE | EXCL, 0
NESTED = 0x8000
ROOT, CLSACT, EGRESS = 0xFFFFFFFF, 0xFFFFFFF1, 0xFFFFFFF3
UP, NOARP = 0x1, 0x80
UNICAST, BLACKHOLE = 1, 6
ERROR = 2
_IFNAME, _ADDRESS, _MTU, _TXQLEN, _LINKINFO, _NET_NS_FD = 3, 1, 4, 13, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_KIND, _OPTIONS = 1, 2
_DST, _OIF = 1, 4


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute: length, kind, value, filled up to four bytes.

    Examples
    --------
    >>> attribute(3, b"lo").hex()
    '060003006c6f0000'
    """
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """Attributes inside one."""
    return attribute(kind | NESTED, b"".join(inner))


def word(kind: int, value: int) -> bytes:
    """An attribute of four bytes."""
    return attribute(kind, struct.pack("=I", value & 0xFFFFFFFF))


class Netlink:
    """A connection to the network namespace in which it was opened."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more is asked."""
        self._socket.close()

    def ask(self, kind: int, flags: int, body: bytes, task: str) -> None:
        """Send a request and read the kernel's answer.

        Raises
        ------
        RabtaError
            Where the kernel refuses, by the name of the task.
        """
        self._number += 1
        head = struct.pack("=IHHII", 16 + len(body), kind, REQUEST | ACK | flags, self._number, 0)
        self._socket.send(head + body)
        while True:
            answer = self._socket.recv(65_536)
            number, code = struct.unpack_from("=I", answer, 8)[0], struct.unpack_from("=i", answer, 16)[0]
            if struct.unpack_from("=H", answer, 4)[0] == ERROR and number == self._number:
                break
        if code:
            hint = " (not in this kernel)" if -code in {errno.ENOENT, errno.EOPNOTSUPP} else ""
            raise RabtaError(f"cannot {task}: {os.strerror(-code)}{hint}", value=-code, exit_code=EXIT_SYSTEM)

    def pair(self, name: str, peer: str, space: int, mac: bytes, mtu: int, queue: int) -> None:
        """Make a wire: interface `name` here, `peer` in the namespace of a descriptor; both of one address.

        With one link address and no ARP whatever comes out of either end is for the other one.
        """

        def end(own: str, *more: bytes) -> bytes:
            named = attribute(_IFNAME, own.encode() + b"\0")
            return named + attribute(_ADDRESS, mac) + word(_MTU, mtu) + word(_TXQLEN, queue) + b"".join(more)

        head = struct.pack("=BxHiII", 0, 0, 0, NOARP, NOARP)
        other = nested(_VETH_PEER, head + end(peer, word(_NET_NS_FD, space)))
        info = nested(_LINKINFO, attribute(_INFO_KIND, b"veth"), nested(_INFO_DATA, other))
        self.ask(NEWLINK, NEW, head + end(name, info), "make a pair of virtual interfaces")

    def up(self, name: str) -> None:
        """Bring an interface up, without ARP."""
        head = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), UP | NOARP, UP | NOARP)
        self.ask(NEWLINK, 0, head, f"bring {name} up")

    def route(self, place: str, bits: int, name: str, kind: int = UNICAST) -> None:
        """Send what is for a network out of an interface, or nowhere."""
        scope = 253 if kind == UNICAST else 0
        head = struct.pack("=BBBBBBBBI", socket.AF_INET, bits, 0, 0, 254, 4, scope, kind, 0)  # main, static
        body = attribute(_DST, socket.inet_aton(place)) if bits else b""
        if kind == UNICAST:
            body += word(_OIF, socket.if_nametoindex(name))
        self.ask(NEWROUTE, NEW, head + body, "make a route")

    def queue(
        self, index: int, parent: int, handle: int, kind: str, options: bytes, *, new: bool = True
    ) -> None:
        """Make a queueing discipline, or change what it does."""
        self._control(NEWQDISC, index, parent, handle, 0, kind, options, new=new)

    def lane(self, index: int, parent: int, handle: int, kind: str, options: bytes) -> None:
        """Make a class of a queueing discipline."""
        self._control(NEWTCLASS, index, parent, handle, 0, kind, options, new=True)

    def filter(self, index: int, parent: int, kind: str, options: bytes, protocol: int) -> None:
        """Add a filter, the only one, to a queueing discipline."""
        info = 1 << 16 | socket.htons(protocol)
        self._control(NEWTFILTER, index, parent, 1, info, kind, options, new=True)

    def _control(
        self, message: int, index: int, parent: int, handle: int, info: int, kind: str, options: bytes,
        *, new: bool,
    ) -> None:  # fmt: skip
        head = struct.pack("=BxHiIII", 0, 0, index, handle, parent, info)
        body = head + attribute(_KIND, kind.encode() + b"\0") + (options and nested(_OPTIONS, options))
        self.ask(
            message, NEW if new else CHANGE, body, f"{'make' if new else 'change'} a queue of kind {kind}"
        )
