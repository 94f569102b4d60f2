"""Network namespaces with one TUN interface each, made by this process and gone with it.

Nothing is named in the file system: a namespace lives as long as a process in it or its descriptor here, so
that a killed engine leaves nothing behind. Children that run inside are told to die with their parent.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rabta.emulate.engine import rights

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
PR_SET_PDEATHSIG, PR_SET_TIMERSLACK = 1, 29
# linux/if_tun.h
TUNSETIFF, TUNSETPERSIST, TUNSETOFFLOAD = 0x400454CA, 0x400454CB, 0x400454D0
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 = 0x01, 0x02, 0x04
# linux/sockios.h
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFDSTADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x8918, 0x891C
SIOCSIFMTU, SIOCSIFTXQLEN = 0x8922, 0x8943
IFF_UP, IFF_RUNNING = 0x1, 0x40
DEVICE = "/dev/net/tun"
NO_IPV6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
TCP_BUFFER = "4096 262144 134217728"  # the usual 4 MB cap a flow over 20 ms at 1.6 Gbit/s

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Space:
    """A namespace: its descriptor, and those of its interfaces by name."""

    descriptor: int
    ports: dict[str, int]

    def close(self) -> None:
        """Let it go; the kernel removes it when no process is left in it."""
        for descriptor in (self.descriptor, *self.ports.values()):
            os.close(descriptor)


def address(host: int) -> str:
    """IPv4 address of a host: 10.0.0.1 is host 0.

    Examples
    --------
    >>> address(0), address(299)
    ('10.0.0.1', '10.0.1.44')
    """
    return socket.inet_ntoa(struct.pack("!I", (10 << 24) + host + 1))


def private() -> None:
    """Leave for a user namespace in which this process may make networks; before any thread starts."""
    if os.geteuid() == 0:
        return
    user, group = os.geteuid(), os.getegid()
    _called(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET), "make a user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 (a file of the kernel)
            file.write(text)


def _called(result: int, task: str) -> None:
    if result < 0:
        raise rights.namespace_error(ctypes.get_errno(), task)


def make(mtu: int, links: dict[str, tuple[str, str]], *, offload: bool = False, queue: int = 1000) -> Space:
    """Make a namespace and its interfaces, up and addressed; the caller is inside afterwards.

    Parameters
    ----------
    links : dict
        Address and netmask of each interface by name.
    offload : bool
        Take frames of up to 64 kB from the host's TCP, unsegmented.
    queue : int
        Packets that wait in the interface for the engine to read.
    """
    _called(_libc.unshare(CLONE_NEWNET), "make a network namespace")
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(TCP_BUFFER)
    # Hosts speak IPv4: without the other an interface is up sooner, and says nothing by itself.
    with suppress(FileNotFoundError), open(NO_IPV6, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1")
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    ports = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _up(control, "lo")
        for name, (place, mask) in links.items():
            ports[name] = _tun(name, offload=offload)
            addressed(control, name, place, mask)
            _ioctl(control, SIOCSIFMTU, name, struct.pack("i", mtu))
            with suppress(PermissionError):  # only real root may; the device's own 500 packets then
                _ioctl(control, SIOCSIFTXQLEN, name, struct.pack("i", queue))
            _up(control, name)
    return Space(descriptor, ports)


def addressed(control: socket.socket, name: str, place: str, mask: str) -> None:
    """Give an interface of this thread's namespace an IPv4 address."""
    _ioctl(control, SIOCSIFADDR, name, _inet(place))
    _ioctl(control, SIOCSIFNETMASK, name, _inet(mask))


def _inet(place: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(place))


def _up(control: socket.socket, name: str) -> None:
    _ioctl(control, SIOCSIFFLAGS, name, struct.pack("h", IFF_UP | IFF_RUNNING))


def _ioctl(control: socket.socket, request: int, name: str, value: bytes) -> None:
    fcntl.ioctl(control, request, struct.pack("16s", name.encode()) + value.ljust(24, b"\0"))


def _tun(name: str, *, offload: bool) -> int:
    port = rights.device(Path(DEVICE))
    flags = IFF_TUN | IFF_NO_PI | (IFF_VNET_HDR if offload else 0)
    fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    # It ends with its namespace then, together with all others, not one by one as descriptors are closed.
    fcntl.ioctl(port, TUNSETPERSIST, 1)
    if offload:
        fcntl.ioctl(port, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
    return port


def forwarding(place: str) -> None:
    """Let the namespace of this thread route packets, under an address of its own on the loopback."""
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        addressed(control, "lo:1", place, "255.255.255.255")


def here() -> int:
    """Descriptor of the namespace of this thread, to come back to."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(descriptor: int) -> None:
    """Move this thread into a namespace."""
    _called(_libc.setns(descriptor, CLONE_NEWNET), "enter a network namespace")


def exact_timers() -> None:
    """Let timers of this thread fire when they are due, not up to 50 us later."""
    _called(_libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0), "set the timers' slack")


def urgent() -> bool:
    """Run this thread before all ordinary ones (sched(7)); False where that may not be."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    return True


def entering(space: Space) -> Callable[[], None]:
    """What a child does before its program starts: enter the namespace, and die with this process."""

    def before() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        enter(space.descriptor)

    return before


def inside(space: Space, family: int, kind: int) -> socket.socket:
    """Return a socket of this process that lives in the namespace."""
    home = here()
    try:
        enter(space.descriptor)
        return socket.socket(family, kind)
    finally:
        enter(home)
        os.close(home)
