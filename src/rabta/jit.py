"""The one seam to the compiler: explicit signatures, cached on disk, compiled once at install.

Kernels live in ``<domain>/_kernels.py``; each has a NumPy reference beside it, and a contract test
holds the two together. ``python -m rabta.jit`` compiles them all ahead of the first run.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

prange = numba.prange


def kernel(*signatures: str, parallel: bool = False) -> Callable[[F], F]:
    """Compile a function for the CPU under explicit signatures.

    ``fastmath`` stays off: it breaks NaN and infinity sentinels.
    """

    def compile_(function: F) -> F:
        compiled = numba.njit(list(signatures), cache=True, parallel=parallel, nogil=True)(function)
        return cast("F", compiled)

    return compile_


def inline(function: F) -> F:
    """Mark a scalar formula that kernels call; it is compiled inside them."""
    return cast("F", numba.njit(inline="always")(function))


def set_threads(count: int) -> None:
    """Limit the threads of parallel kernels."""
    numba.set_num_threads(count)


def threads() -> int:
    """Threads that parallel kernels use."""
    return int(numba.get_num_threads())


def compile_all() -> list[str]:
    """Import every ``_kernels`` module, which compiles it or loads it from the cache."""
    names = [
        module.name
        for module in pkgutil.walk_packages([str(Path(__file__).parent)], "rabta.")
        if module.name.endswith("._kernels")
    ]
    for name in names:
        importlib.import_module(name)
    return names


if __name__ == "__main__":
    for compiled_name in compile_all():
        print("compiled", compiled_name)
