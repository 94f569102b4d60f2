"""A kernel that has netem and fq, on a machine whose own has not: user-mode Linux, an ordinary process.

Debian has it (package user-mode-linux). The machine's files are there for reading; a program runs as root of
that kernel alone, and one folder is there for writing. ``python -m rabta.emulate.backends.uml COMMAND ...``
runs a command in it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rabta.errors import EXIT_SYSTEM, RabtaError

KERNEL = "linux.uml"
MODULES = Path("/usr/lib/uml/modules")
LOADED = ("tun", "veth", "sch_netem", "sch_htb", "cls_flow", "sch_fq", "sch_ingress", "cls_bpf", "tcp_bbr")
MEMORY = "768M"
OUT = Path("/run/out")
CACHE = Path("/run/cache")
STATUS = "status"
END = "end-of-command"  # the kernel puts words of its own behind
_POWER_OFF = 0x4321FEDC


def available() -> str:
    """Why there is none; empty where it can be booted."""
    if shutil.which(KERNEL) is None:
        return f"no {KERNEL}: apt-get install user-mode-linux"
    return "" if any(MODULES.glob("*")) else f"no modules in {MODULES}"


def boot(command: Sequence[str], folder: Path, *, timeout_s: float = 300.0) -> int:
    """Run a command in a fresh kernel; returns its exit status.

    Parameters
    ----------
    command : sequence of str
        Without spaces in its words: they go over the kernel's command line.
    folder : Path
        What the command finds, and may write to, as `OUT`; its output comes there too, as ``output``.

    Raises
    ------
    RabtaError
        Where there is no such kernel, or it did not end in time, or the command has no status.
    """
    if missing := available():
        raise RabtaError(missing, exit_code=EXIT_SYSTEM)
    start = [sys.executable, "--", "-m", __name__ if __spec__ is None else __spec__.name]
    line = [
        KERNEL, f"mem={MEMORY}", "rootfstype=hostfs", "rootflags=/", "ro", "con=null", "con0=null,fd:1",
        "quiet", f"init={start[0]}", *start[1:], "inside", str(folder), *command, END,
    ]  # fmt: skip
    (folder / STATUS).unlink(missing_ok=True)
    with (folder / "console").open("wb") as console:
        kernel = subprocess.Popen(  # noqa: S603
            line, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
        )
        try:
            kernel.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise RabtaError("the user-mode kernel did not end", value=timeout_s, file=folder,
                             exit_code=EXIT_SYSTEM) from None  # fmt: skip
        finally:
            with suppress(ProcessLookupError):  # its helpers are processes of this group
                os.killpg(kernel.pid, signal.SIGKILL)
            kernel.wait()
    try:
        return int((folder / STATUS).read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise RabtaError("the user-mode kernel ended without a status", file=folder / "console",
                         exit_code=EXIT_SYSTEM) from None  # fmt: skip


def _mount(what: str, where: Path, kind: str, options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    where.mkdir(parents=True, exist_ok=True)
    if libc.mount(what.encode(), str(where).encode(), kind.encode(), 0, options.encode() or None) < 0:
        raise OSError(ctypes.get_errno(), f"mount {kind} at {where}")


def _inserted(name: str, release: str) -> None:
    """Load a module; one that is built in has no file."""
    for file in (MODULES / release).rglob(f"{name}.ko"):
        descriptor = os.open(file, os.O_RDONLY)
        ctypes.CDLL(None).syscall(313, descriptor, b"", 0)  # finit_module, x86-64
        os.close(descriptor)


def _files() -> None:
    """What programs expect: processes, devices, room for files that go with the kernel."""
    for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("devtmpfs", "/dev"),
                        ("tmpfs", "/dev/shm")):  # fmt: skip  # noqa: S108
        if not os.path.ismount(where):  # the kernel may have mounted its devices itself
            _mount(kind, Path(where), kind)
    for name in LOADED:
        _inserted(name, os.uname().release)
    tun = Path("/dev/net/tun")
    if not tun.exists():
        tun.parent.mkdir(exist_ok=True)
        os.mknod(tun, 0o20666, os.makedev(10, 200))


def _kernels() -> None:
    """Bring the compiled kernels of this machine along: the folder of the package cannot be written here."""
    from rabta import jit

    for folder in (jit.ROOT / "__pycache__").glob("kernels-*"):
        if any(folder.rglob("*run*")):
            shutil.copytree(folder, CACHE / "rabta" / folder.name)


def inside(folder: str, command: Sequence[str]) -> None:
    """First process of the user-mode kernel: prepare it, run the command, end."""
    os.environ |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/run",
                   "TMPDIR": "/run", "XDG_CACHE_HOME": str(CACHE),
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    status = 127
    try:
        _files()
        _mount("none", OUT, "hostfs", folder)
        _kernels()
        with (OUT / "output").open("wb") as output:
            status = subprocess.run(  # noqa: S603
                list(command), cwd=OUT, stdout=output, stderr=output, check=False
            ).returncode
    finally:
        (OUT / STATUS).write_text(f"{status}\n", encoding="ascii")
        os.sync()
        ctypes.CDLL(None).reboot(_POWER_OFF)


def main() -> None:
    """Run a command of the command line in a user-mode kernel, or be its first process."""
    if sys.argv[1] == "inside" and os.getpid() == 1:
        inside(sys.argv[2], sys.argv[3 : sys.argv.index(END)])
        return
    with tempfile.TemporaryDirectory() as folder:
        status = boot(sys.argv[1:], Path(folder))
        sys.stdout.write((Path(folder) / "output").read_text(encoding="utf-8", errors="replace"))
    raise SystemExit(status)


if __name__ == "__main__":
    main()
