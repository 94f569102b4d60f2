"""The agreed sizes: short functions, short files, few modules a package, everything typed and documented."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "rabta"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST = 80
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: Function) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    whole = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        whole -= (first.end_lineno or 0) - first.lineno + 1
    return whole


def lengths() -> list[tuple[int, str]]:
    return [
        (length(f), f"{path.relative_to(SOURCE)}:{f.name}")
        for path in FILES
        if path.stem != "_kernels"
        for f in functions(path)
    ]


def test_functions_are_short() -> None:
    found = sorted(lengths())
    counts = [n for n, _ in found]
    assert counts[len(counts) // 2] <= 12
    assert counts[int(len(counts) * 0.9)] <= 40
    assert [item for item in found if item[0] > LONGEST] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_file_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_packages_are_small() -> None:
    for folder in {path.parent for path in FILES}:
        modules = [p.name for p in folder.glob("*.py") if p.stem not in {"__init__", "_kernels"}]
        assert len(modules) <= 10, f"{folder.relative_to(SOURCE)}: {modules}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_public_names_are_documented_and_typed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    nested = {id(child) for f in found for child in ast.walk(f) if child is not f}
    for function in found:
        untyped = [a.arg for a in function.args.args if a.annotation is None and a.arg not in {"self", "cls"}]
        assert not untyped, f"{function.name}: {untyped}"
        if not function.name.startswith("_") and id(function) not in nested:
            assert ast.get_docstring(function), function.name
