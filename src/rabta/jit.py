"""The one seam to the compiler: explicit signatures, cached on disk, compiled once at install.

Kernels live in ``<domain>/_kernels.py``; each has a NumPy reference beside it, and a contract test
holds the two together. ``python -m rabta.jit`` compiles them all ahead of the first run.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

ROOT = Path(__file__).parent


_IMPORT = re.compile(r"^from rabta\.([\w.]+) import (?:\(\s*)?([^)\n#]*)", re.MULTILINE)


@cache
def _sources(path: Path) -> frozenset[Path]:
    """A kernel source with the kernel sources that it imports, directly or not."""
    found = {path}
    for package, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
        base = ROOT.joinpath(*package.split("."))
        parts = [base.with_suffix(".py"), *(base / f"{name.strip()}.py" for name in names.split(","))]
        for part in parts:
            if part.stem.startswith("_") and part != path and part.is_file():
                found |= _sources(part)
    return frozenset(found)


@cache
def _cache_folder(path: Path) -> Path:
    """Folder of a source's compiled kernels, named by the hash of every kernel source in it.

    The compiler itself notices only a change of the file that holds a kernel, not of one that it calls.
    """
    digest = hashlib.sha256(numba.__version__.encode() + Path(__file__).read_bytes())
    for source in sorted(_sources(path)):
        digest.update(source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:12]}"
    if os.access(ROOT, os.W_OK):
        return ROOT / "__pycache__" / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rabta" / name


_CONFIG: Any = numba.config

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

prange = numba.prange


def kernel(*signatures: str, parallel: bool = False) -> Callable[[F], F]:
    """Compile a function for the CPU under explicit signatures.

    ``fastmath`` stays off: it breaks NaN and infinity sentinels.
    """

    def compile_(function: F) -> F:
        _CONFIG.CACHE_DIR = str(_cache_folder(Path(function.__code__.co_filename)))  # read by the next line
        compiled = numba.njit(list(signatures), cache=True, parallel=parallel, nogil=True)(function)
        return cast("F", compiled)

    return compile_


def inline(function: F) -> F:
    """Mark a scalar formula that kernels call; it is compiled inside them.

    Inlined before optimisation: left to the compiler, the visibility kernel takes twice as long.
    """
    return cast("F", numba.njit(inline="always")(function))


def foreign(name: str, result: str, *arguments: str) -> Any:
    """Return a function of the C library for kernels to call, by name and types as ``"intp"`` or ``"int32"``.

    It is looked up when the kernel is loaded, so that kernels which call it are cached like others.
    """
    types = numba.types
    return types.ExternalFunction(name, getattr(types, result)(*(getattr(types, one) for one in arguments)))


def each_part(function: Callable[..., None], count: int, *arguments: Any) -> None:
    """Call a kernel ``(first, last, *arguments)`` for the parts of a range, one thread each.

    For kernels that call large kernels: a parallel loop around these takes a minute to compile.
    """
    edges = [round(i * count / threads()) for i in range(threads() + 1)]
    with ThreadPoolExecutor(threads()) as pool:
        parts = [pool.submit(function, a, b, *arguments) for a, b in pairwise(edges) if b > a]
    for part in parts:
        part.result()


def each(function: Callable[[T], None], items: Iterable[T]) -> None:
    """Call a function that runs kernels for every item, each by the next free thread: longest first."""
    with ThreadPoolExecutor(threads()) as pool:
        for _ in pool.map(function, items):
            pass


@cache
def gpu() -> bool:
    """Whether kernels can run on a GPU; asks the driver only where there may be one.

    With NUMBA_ENABLE_CUDASIM=1 the compiler's simulator counts as one.
    """
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    if not simulated and not Path("/dev/nvidiactl").exists() and os.name != "nt":
        return False
    return bool(importlib.import_module("numba.cuda").is_available())


def cuda() -> Any:
    """Compiler of GPU kernels, imported when first asked for: it takes a while."""
    return importlib.import_module("numba.cuda")


def set_threads(count: int) -> None:
    """Limit the threads of parallel kernels."""
    numba.set_num_threads(count)


def threads() -> int:
    """Threads that parallel kernels use."""
    return int(numba.get_num_threads())


def compile_all() -> list[str]:
    """Import every ``_kernels`` module, which compiles it or loads it from the cache; drop stale ones."""
    names = [
        module.name
        for module in pkgutil.walk_packages([str(ROOT)], "rabta.")
        if module.name.endswith("._kernels")
    ]
    for name in names:
        importlib.import_module(name)
    used = {_cache_folder(path) for path in ROOT.rglob("_[!_]*.py")}
    for old in {path for folder in used for path in folder.parent.glob("kernels-*")} - used:
        shutil.rmtree(old, ignore_errors=True)
    return names


if __name__ == "__main__":
    for compiled_name in compile_all():
        print("compiled", compiled_name)
