"""Tables and programs of the kernel's BPF machine, through the bpf(2) system call alone.

Numbers are those of linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import struct

import numpy as np
from numpy.typing import NDArray

from rabta.errors import EXIT_SYSTEM, RabtaError

_CALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
MAP_CREATE, PROG_LOAD, TEST_RUN, LINK_CREATE = 0, 5, 10, 28
ARRAY, MMAPABLE = 2, 1 << 10
SCHED_CLS, TCX_EGRESS = 3, 47
CONTEXT, TSTAMP = 192, 152  # bytes of struct __sk_buff, and where in it the time stands
_LOG = 1 << 20


def _bpf(command: int, attributes: bytes) -> tuple[int, int, bytes]:
    """Result, error number, and the attributes as the kernel left them."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    call = _CALL.get(platform.machine())
    if call is None:
        raise RabtaError("no number of bpf(2) for this machine", value=platform.machine(),
                         expected=", ".join(_CALL), exit_code=EXIT_SYSTEM)  # fmt: skip
    held = ctypes.create_string_buffer(attributes, len(attributes))
    found = libc.syscall(call, command, held, len(attributes))
    return int(found), ctypes.get_errno(), held.raw


def _refused(task: str, number: int, log: str = "") -> RabtaError:
    return RabtaError(
        f"cannot {task}: {os.strerror(number)}{log and ': ' + log}",
        value=number, expected="root, and a kernel with CONFIG_BPF_SYSCALL", exit_code=EXIT_SYSTEM,
    )  # fmt: skip


class Table:
    """An array of the kernel that programs and this process both see.

    Attributes
    ----------
    rows : ndarray of int64, shape (row, field)
        The memory itself.
    """

    def __init__(self, rows: int, fields: int) -> None:
        size = 8 * fields
        found, number, _ = _bpf(
            MAP_CREATE, struct.pack("=5I", ARRAY, 4, size, rows, MMAPABLE).ljust(72, b"\0")
        )
        if found < 0:
            raise _refused("make a BPF table", number)
        self.descriptor = found
        self._memory = mmap.mmap(found, -(-rows * size // mmap.PAGESIZE) * mmap.PAGESIZE)
        self.rows: NDArray[np.int64] = np.frombuffer(self._memory, np.int64, rows * fields).reshape(
            rows, fields
        )

    def close(self) -> None:
        """Let it go; the kernel keeps it while a program uses it. The rows are gone afterwards."""
        os.close(self.descriptor)
        del self.rows
        self._memory.close()


def load(code: bytes) -> int:
    """Hand a program for traffic control to the kernel's verifier; returns its descriptor.

    Raises
    ------
    RabtaError
        With the end of the verifier's log.
    """
    program, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(_LOG)
    for level in (0, 1):
        body = struct.pack("=IIQQIIQ", SCHED_CLS, len(code) // 8, ctypes.addressof(program),
                           ctypes.addressof(licence), level, level and _LOG,
                           level and ctypes.addressof(log))  # fmt: skip
        found, number, _ = _bpf(PROG_LOAD, body.ljust(120, b"\0"))
        if found >= 0:
            return found
    text = log.value.decode(errors="replace").strip().splitlines()
    raise _refused("load a BPF program", number, " | ".join(text[-4:]))


def linked(program: int, index: int) -> int | None:
    """Attach a program to what leaves an interface of this namespace (tcx, from Linux 6.6).

    None where the kernel has no tcx. The program goes when the descriptor returned is closed.
    """
    found, _, _ = _bpf(LINK_CREATE, struct.pack("=4I", program, index, TCX_EGRESS, 0).ljust(64, b"\0"))
    return found if found >= 0 else None


def tried(program: int, packet: bytes, stamp: int) -> tuple[int, int]:
    """Run a program once on a frame that carries a time; returns its verdict and the time that it left."""
    data, out = (
        ctypes.create_string_buffer(packet, len(packet)),
        ctypes.create_string_buffer(len(packet) + 256),
    )
    context = ctypes.create_string_buffer(bytes(TSTAMP) + struct.pack("=Q", stamp), CONTEXT)
    after = ctypes.create_string_buffer(CONTEXT)
    body = struct.pack(
        "=IIIIQQIIIIQQIII", program, 0, len(packet), len(packet) + 256, ctypes.addressof(data),
        ctypes.addressof(out), 1, 0, CONTEXT, CONTEXT, ctypes.addressof(context), ctypes.addressof(after),
        0, 0, 0,
    )  # fmt: skip
    found, number, told = _bpf(TEST_RUN, body.ljust(80, b"\0"))
    if found < 0:
        raise _refused("try a BPF program", number)
    return struct.unpack_from("=I", told, 4)[0], struct.unpack_from("=Q", after.raw, TSTAMP)[0]
