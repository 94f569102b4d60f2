"""What an emulation needs of the machine, and for each thing that it lacks what would help."""

from __future__ import annotations

import errno
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from rabta.errors import EXIT_SYSTEM, RabtaError

ROOT = Path("/")
DEVICE = "dev/net/tun"
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12}  # linux/capability.h
SPARE_FILES = 256  # programs' pipes, sockets, records
CONTAINER = "in a container: --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun"
SWITCHES = (
    ("user/max_user_namespaces", "0", "user namespaces are switched off", "user.max_user_namespaces=15000"),
    ("kernel/unprivileged_userns_clone", "0", "user namespaces are for root alone",
     "kernel.unprivileged_userns_clone=1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor takes the rights in user namespaces away",
     "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("user/max_net_namespaces", "0", "network namespaces are switched off", "user.max_net_namespaces=15000"),
)  # fmt: skip
"""Switches of the kernel: the value that forbids, what it means, what allows."""


def _refused(problem: str, expected: str, file: object = None) -> RabtaError:
    return RabtaError(problem, file=file, expected=expected, exit_code=EXIT_SYSTEM)


def check(hosts: int = 0, *, root: Path = ROOT, user: int | None = None) -> None:
    """Refuse a machine that lacks something, before any work.

    Parameters
    ----------
    hosts : int
        Hosts that are to come; each takes two open files.
    root : Path
        Where ``dev`` and ``proc`` are.
    user : int, optional
        Whose rights; this process's if left out.

    Raises
    ------
    RabtaError
        With the cause and what to do about it.
    """
    if not sys.platform.startswith("linux"):
        raise _refused("an emulation needs Linux", "a Linux machine, or a virtual one")
    lacks = missing(root, os.geteuid() if user is None else user)
    if lacks is not None:
        raise lacks
    os.close(device(root / DEVICE))
    if hosts:
        files(2 * hosts + SPARE_FILES)


def missing(root: Path = ROOT, user: int = 0) -> RabtaError | None:
    """First right to make namespaces that a user lacks."""
    if user == 0:
        held = capabilities(root)
        lacks = [name for name, bit in CAPABILITIES.items() if not held >> bit & 1]
        return (
            _refused(f"root here lacks {' and '.join(lacks)}", f"these capabilities; {CONTAINER}")
            if lacks
            else None
        )
    for name, value, problem, right in SWITCHES:
        if _switch(root, name) == value:
            return _refused(problem, f"as root: sysctl -w {right}; or run as root", f"/proc/sys/{name}")
    return None


def capabilities(root: Path = ROOT) -> int:
    """Effective capabilities of this process, a bit each."""
    for line in (root / "proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _switch(root: Path, name: str) -> str:
    with suppress(OSError):
        return (root / "proc/sys" / name).read_text(encoding="ascii").strip()
    return ""


def device(path: Path) -> int:
    """Open the TUN device, or say what stands against it; returns the descriptor."""
    try:
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise device_error(error, path) from error


def device_error(error: OSError, path: Path) -> RabtaError:
    """Cause and cure of a TUN device that did not open."""
    if error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return _refused("no TUN device", f"as root: modprobe tun; {CONTAINER}", path)
    if error.errno == errno.EACCES:
        mode = f"mode {path.stat().st_mode & 0o777:04o}"
        return _refused(f"the TUN device is closed to this user ({mode})",
                        "as root: chmod 0666 /dev/net/tun; or run as root", path)  # fmt: skip
    if error.errno == errno.EPERM:
        return _refused("the control group forbids the TUN device", CONTAINER, path)
    return _refused(f"cannot open the TUN device: {error.strerror}", "a device that opens", path)


def namespace_error(number: int, task: str, *, root: Path = ROOT) -> RabtaError:
    """Cause and cure of a namespace that was refused with an error number."""
    user = os.geteuid()
    known = missing(root, user) or (missing(root, 1) if number in {errno.ENOSPC, errno.EUSERS} else None)
    if known is not None:
        return known
    if number in {errno.ENOSPC, errno.EUSERS}:
        names = "user.max_user_namespaces, user.max_net_namespaces"
        return _refused(f"cannot {task}: too many namespaces", f"as root: greater {names} (sysctl)")
    why = "root, or a kernel that lets users make namespaces: sysctl " + ", ".join(x[3] for x in SWITCHES[:3])
    return _refused(f"cannot {task}: {os.strerror(number)}", f"{why}; {CONTAINER}")


def files(count: int) -> None:
    """Raise this process's limit of open files for a count of more, or say how."""
    count += len(list(Path("/proc/self/fd").iterdir()))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < count:
        with suppress(OSError, ValueError):  # only root may
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            return
        raise _refused(
            f"so many hosts need {count} open files, and {hard} are allowed",
            f"ulimit -n {count} as root (nofile in /etc/security/limits.conf, LimitNOFILE= of a service), "
            "or fewer hosts",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
