"""Assembler of BPF programs, in the notation of the LLVM assembler and of the kernel's verifier log.

Instructions are those of RFC 9669; as many as our programs need. A line is one of:

- ``r1 = r2``, ``r1 += 5``, ``r1 s>>= 32``: 64 bits, with a register or a signed number of 32
- ``r1 = 0x9e3779b97f4a7c15 ll``: a 64-bit number
- ``r1 = map NAME``, ``r1 = value NAME``: a table, its first row
- ``r1 = be32 r1``: bytes turned round (on a machine of the other order)
- ``r1 = *(u64 *)(r2 + 8)``, ``*(u64 *)(r2 + 8) = r1``: memory, of u8, u16, u32 or u64
- ``lock *(u64 *)(r2 + 8) += r1``, ``r1 = fetch_add(r2 + 8, r1)``, ``r0 = cmpxchg(r2 + 8, r0, r3)``
- ``if r1 s< r2 goto NAME``, ``goto NAME``, ``NAME:``, ``call 5``, ``exit``; ``#`` begins a comment
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping

from rabta.errors import RabtaError

Instruction = tuple[int, int, int, int]
"""Opcode, registers, offset, number."""

_ALU = {"+=": 0x00, "-=": 0x10, "*=": 0x20, "/=": 0x30, "|=": 0x40, "&=": 0x50, "<<=": 0x60, ">>=": 0x70,
        "%=": 0x90, "^=": 0xA0, "=": 0xB0, "s>>=": 0xC0}  # fmt: skip
_JUMP = {"==": 0x10, ">": 0x20, ">=": 0x30, "!=": 0x50, "s>": 0x60, "s>=": 0x70, "<": 0xA0, "<=": 0xB0,
         "s<": 0xC0, "s<=": 0xD0}  # fmt: skip
_SIZE = {"u32": 0x00, "u16": 0x08, "u8": 0x10, "u64": 0x18}
ALU64, JMP, LDX, STX, LD_WIDE, TO_BE = 0x07, 0x05, 0x61, 0x63, 0x18, 0xDC
ATOMIC, FETCH, CMPXCHG = 0xDB, 0x01, 0xF1
REGISTER = 0x08
MAP, VALUE = 1, 2
_NUMBER = r"-?(?:0x[0-9a-f]+|\d+)"
_PLACE = r"r(\d+) ([+-] \d+)"
_FORMS = [
    ("wide", rf"r(\d+) = ({_NUMBER}) ll"),
    ("table", r"r(\d+) = (map|value) (\w+)"),
    ("swap", r"r(\d+) = be(16|32|64) r\1"),
    ("load", rf"r(\d+) = \*\((u\d+) \*\)\({_PLACE}\)"),
    ("store", rf"\*\((u\d+) \*\)\({_PLACE}\) = r(\d+)"),
    ("lock", rf"lock \*\(u64 \*\)\({_PLACE}\) \+= r(\d+)"),
    ("fetch", rf"r(\d+) = fetch_add\({_PLACE}, r\1\)"),
    ("swapped", rf"r0 = cmpxchg\({_PLACE}, r0, r(\d+)\)"),
    ("alu", rf"r(\d+) (\S+) (r\d+|{_NUMBER})"),
    ("branch", rf"if r(\d+) (\S+) (r\d+|{_NUMBER}) goto (\w+)"),
    ("goto", r"goto (\w+)"),
    ("call", r"call (\d+)"),
    ("exit", r"exit"),
]


def assembled(text: str, tables: Mapping[str, int] | None = None) -> bytes:
    r"""Bytes of a program.

    Parameters
    ----------
    tables : mapping of str to int
        Descriptors of the maps that it names.

    Raises
    ------
    RabtaError
        Of a line that is no instruction, or a jump to nowhere.

    Examples
    --------
    >>> assembled("r0 = 2\nexit").hex(" ", 8)
    'b700000002000000 9500000000000000'
    """
    code: list[Instruction] = []
    labels: dict[str, int] = {}
    jumps: dict[int, str] = {}
    for line in (raw.split("#")[0].strip() for raw in text.splitlines()):
        if line.endswith(":"):
            labels[line[:-1]] = len(code)
        elif line:
            form, parts = _parsed(line)
            if form in {"branch", "goto"}:
                jumps[len(code)] = parts[-1]
            code += _coded(form, parts, tables or {})
    for at, label in jumps.items():
        if label not in labels:
            raise RabtaError("a jump to nowhere", key="goto", value=label, expected=", ".join(labels))
        operation, registers, _, number = code[at]
        code[at] = (operation, registers, labels[label] - at - 1, number)
    return b"".join(
        struct.pack("<BBhI", op, regs, offset, number & 0xFFFFFFFF) for op, regs, offset, number in code
    )


def _parsed(line: str) -> tuple[str, tuple[str, ...]]:
    for form, pattern in _FORMS:
        if match := re.fullmatch(pattern, line):
            return form, match.groups()
    raise RabtaError("no instruction", value=line, expected="one of those that the module names")


def _place(register: str, offset: str) -> tuple[int, int]:
    return int(register), int(offset.replace(" ", ""))


def _operand(text: str) -> tuple[int, int, int]:
    """What is added to the opcode, source register, number."""
    return (REGISTER, int(text[1:]), 0) if text.startswith("r") else (0, 0, int(text, 0))


def _wide(register: int, kind: int, number: int) -> list[Instruction]:
    return [(LD_WIDE, register | kind << 4, 0, number), (0, 0, 0, number >> 32)]


def _coded(form: str, parts: tuple[str, ...], tables: Mapping[str, int]) -> list[Instruction]:
    """Instructions of one line; a jump's offset is set later."""
    if form == "wide":
        return _wide(int(parts[0]), 0, int(parts[1], 0) & (1 << 64) - 1)
    if form == "table":
        return _wide(int(parts[0]), MAP if parts[1] == "map" else VALUE, tables[parts[2]])
    return [_memory(form, parts) if form in _TOUCHING else _narrow(form, parts)]


_TOUCHING = {"load", "store", "lock", "fetch", "swapped"}


def _memory(form: str, parts: tuple[str, ...]) -> Instruction:
    """An instruction that reads or writes memory."""
    if form == "load":
        register, offset = _place(*parts[2:])
        return LDX | _SIZE[parts[1]], int(parts[0]) | register << 4, offset, 0
    if form == "store":
        register, offset = _place(*parts[1:3])
        return STX | _SIZE[parts[0]], register | int(parts[3]) << 4, offset, 0
    kind = {"lock": 0, "fetch": FETCH, "swapped": CMPXCHG}[form]
    value, (register, offset) = (
        (parts[0], _place(*parts[1:])) if form == "fetch" else (parts[2], _place(*parts[:2]))
    )
    return ATOMIC, register | int(value) << 4, offset, kind


def _narrow(form: str, parts: tuple[str, ...]) -> Instruction:
    """Arithmetic, and what changes the order of instructions."""
    if form == "swap":
        return TO_BE, int(parts[0]), 0, int(parts[1])
    if form in {"alu", "branch"}:
        more, source, number = _operand(parts[2])
        kind = ALU64 | _ALU[parts[1]] if form == "alu" else JMP | _JUMP[parts[1]]
        return kind | more, int(parts[0]) | source << 4, 0, number
    number = int(parts[0]) if form == "call" else 0
    return JMP | {"call": 0x80, "exit": 0x90, "goto": 0}[form], 0, 0, number
