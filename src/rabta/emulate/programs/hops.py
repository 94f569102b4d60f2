"""Interfaces of hosts that route for themselves (a testbed's hop mode), and commands run on hosts."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Link:
    """One end of a link: name of its interface, its address and the other end's, and both hosts."""

    port: str
    own: str
    far: str
    host: str
    peer: str


def links(bed: Testbed) -> list[tuple[Link, Link]]:
    """All links of a testbed in hop mode, each by its two ends.

    Raises
    ------
    RabtaError
        Where the engine knows the ways and hosts have no links.
    """
    from rabta.emulate.testbed import link_address, port_name

    if not bed.setup.hop:
        raise RabtaError(
            "hosts here have no links of their own", key="hop", value=False, expected="Setup(hop=True)"
        )
    names, out = bed.course.hosts, []
    for number, (a, b) in enumerate((a, b) for a, b in bed.course.ends.tolist() if a < b):
        first, last = (link_address(number, end)[0] for end in (0, 1))
        out.append((Link(port_name(b), first, last, names[a], names[b]),
                    Link(port_name(a), last, first, names[b], names[a])))  # fmt: skip
    return out


def link(bed: Testbed, host: str, peer: str) -> Link:
    """Return the end at a host of its link to a peer.

    Raises
    ------
    RabtaError
        Where there is none.
    """
    near = [end for both in links(bed) for end in both if end.host == host]
    for end in near:
        if end.peer == peer:
            return end
    raise RabtaError(
        f"no link from {host}", value=peer, expected=", ".join(end.peer for end in near) or "a host"
    )


def done(bed: Testbed, host: str, command: Sequence[str]) -> str:
    """Run a command on a host; returns what it says.

    Raises
    ------
    RabtaError
        Where it fails.
    """
    child = bed.start(host, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text: str = child.communicate(timeout=PATIENCE_S)[0]
    if child.returncode:
        raise RabtaError(f"{' '.join(command)}: {text.strip()}", value=host)
    return text
