"""Which back end carries a course here, and why not the others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from rabta.emulate.backends import bpf, edt, netem, netlink, wires
from rabta.emulate.backends.assembler import assembled
from rabta.emulate.backends.netlink import Netlink
from rabta.emulate.engine import rights, spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError, nearest

NAMES = ("tun", "edt", "netem")
"""In the order in which they are tried: all carry a course alike (suite ``backends``), but only the engine
behind tun tells each packet's fate and repeats it, and needs no root; only netem's delays go in steps."""
AUTO = "auto"
KINDS: dict[str, type[Testbed]] = {"tun": Testbed, "edt": edt.Edt, "netem": netem.Netem}
NOTHING = "r0 = 0\nexit"
NEEDS = {
    "tun": "/dev/net/tun, and root or user namespaces",
    "edt": "root, and a kernel with CONFIG_NET_SCH_FQ, CONFIG_BPF_SYSCALL and tcx or CONFIG_NET_CLS_BPF",
    "netem": "root, and a kernel with CONFIG_NET_SCH_NETEM, CONFIG_NET_SCH_HTB and CONFIG_NET_CLS_FLOW",
}


def _tun() -> None:
    rights.check()


def _on_a_wire(use: Callable[[int], None]) -> None:
    """Do something with an interface of a namespace that nobody sees, and leave nothing."""
    home = spaces.here()
    space: spaces.Space | None = None
    try:
        space = spaces.make(1500, {})
        with Netlink() as link:
            link.pair("a", "b", space.descriptor, wires.MAC, 1500, 10)
            use(socket.if_nametoindex("a"))
    finally:
        spaces.enter(home)
        os.close(home)
        if space is not None:
            space.close()


def _netem() -> None:
    def use(index: int) -> None:
        with Netlink() as link:
            link.queue(index, netlink.ROOT, 1 << 16, "netem", netem.options(10))

    _on_a_wire(use)


def _edt() -> None:
    def use(index: int) -> None:
        program = bpf.load(assembled(NOTHING))
        try:
            os.close(edt.put(index, program) or os.dup(program))
        finally:
            os.close(program)

    _on_a_wire(use)


_TRIED: dict[str, Callable[[], None]] = {"tun": _tun, "edt": _edt, "netem": _netem}


def why_not(name: str) -> RabtaError | None:
    """Why a back end is not to be had on this machine, found by trying; None where it is."""
    try:
        _TRIED[name]()
    except RabtaError as error:
        return error
    except OSError as error:
        return RabtaError(str(error))
    return None


def chosen(asked: str = AUTO) -> str:
    """Name of a back end that this machine has: the one asked for, or the first of `NAMES`.

    Raises
    ------
    RabtaError
        Where there is none of that name, or it is not to be had, with the cause of each.
    """
    names = (*NAMES, AUTO)
    if asked not in names:
        raise RabtaError("no such back end", key="--backend", value=asked, expected=nearest(asked, names),
                         exit_code=EXIT_USAGE)  # fmt: skip
    tried = NAMES if asked == AUTO else (asked,)
    found = {}
    for name in tried:
        found[name] = why_not(name)
        if found[name] is None:
            return name
    first = found[tried[0]]
    assert first is not None
    others = [f"or {name}: {NEEDS[name]}" for name in tried[1:]]
    expected = "; ".join([first.expected or NEEDS[tried[0]], *others])
    raise RabtaError(first.problem, file=first.file, key="--backend", value=asked, expected=expected,
                     exit_code=EXIT_SYSTEM)  # fmt: skip


def bed(course: Course, setup: Setup | None = None, *, backend: str = AUTO) -> Testbed:
    """Return a testbed of a back end.

    Raises
    ------
    RabtaError
        As `chosen` does.
    """
    return KINDS[chosen(backend)](course, setup)
