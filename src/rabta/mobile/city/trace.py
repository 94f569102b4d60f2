"""Maps and links of a city block by ray tracing, in a process of its own.

The tracer is sionna-rt (Apache-2.0), an extra: ``pip install rabta[rt]``, or any interpreter that has it,
named by ``RABTA_RT_PYTHON``. On a CPU it compiles with LLVM; Debian's 14 and 15 abort, so a newer one is
looked for.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.city import blocks as blocks_
from rabta.mobile.city import materials, mesh
from rabta.units import to_db

Array = NDArray[np.float64]

BUILT_IN = ("simple_street_canyon", "munich", "etoile", "florence", "san_francisco")
INTERPRETER = "RABTA_RT_PYTHON"
LIBRARY = "DRJIT_LIBLLVM_PATH"
FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
)
OLDEST_LLVM = 16
RANGE_GHZ = (0.1, 100.0)
RAYS = (1_000, 100_000_000)
LIMIT_S = 1800
NOISE_DBM = -174.0 + 73.0 + 7.0  # of 20 MHz at a noise figure of 7 dB


@dataclass(frozen=True)
class Request:
    """What to trace.

    Attributes
    ----------
    scene : str
        A scene of `BUILT_IN`, ``grid:...`` or a GeoJSON file.
    sites : tuple of (x, y, z, dBm)
        Metres east, north and up in the scene's axes.
    links : tuple of (x, y, z)
        Users whose single links are traced as well.
    middle_m, size_m : tuple, optional
        Of the map; the whole scene if left out.
    rays : int
        From each site.
    """

    scene: str
    ghz: float
    sites: tuple[tuple[float, float, float, float], ...]
    links: tuple[tuple[float, float, float], ...] = ()
    height_m: float = 1.5
    cell_m: float = 5.0
    rays: int = 1_000_000
    depth: int = 5
    walls: str = "concrete"
    ground: str = "concrete"
    pattern: str = "iso"
    diffraction: bool = False
    through_walls: bool = True
    middle_m: tuple[float, float] | None = None
    size_m: tuple[float, float] | None = None
    seed: int = 1


@dataclass(frozen=True)
class Traced:
    """A traced block.

    Attributes
    ----------
    gain_db : ndarray, shape (site, row, column)
        Path gain; -inf where nothing arrives.
    x_m, y_m : ndarray, shape (row, column)
        Middles of the cells.
    link_gain_db : ndarray, shape (user, site)
        Of the sum of the paths' fields; `link_power_db` of the sum of their powers.
    blocks : Blocks, optional
        Buildings, where they are ours.
    about : dict
        Version of the tracer, its compiler, seconds.
    """

    request: Request
    gain_db: Array
    x_m: Array
    y_m: Array
    link_gain_db: Array
    link_power_db: Array
    blocks: blocks_.Blocks | None
    about: dict[str, Any]

    @property
    def received_dbm(self) -> Array:
        """Power of the strongest site in each cell."""
        power = np.array([site[3] for site in self.request.sites])[:, None, None]
        return np.asarray((self.gain_db + power).max(axis=0))

    @property
    def sinr_db(self) -> Array:
        """Of the strongest site over the others and the noise of 20 MHz at 7 dB."""
        power = np.array([site[3] for site in self.request.sites])[:, None, None]
        mw = 10.0 ** ((self.gain_db + power) / 10.0)
        best = mw.max(axis=0)
        rest = mw.sum(axis=0) - best + 10.0 ** (NOISE_DBM / 10.0)
        return np.asarray(to_db(np.maximum(best / rest, 1e-12)))


def check(request: Request) -> None:
    """Refuse what cannot be traced, by name."""
    limits = {
        "--ghz": (request.ghz, *RANGE_GHZ),
        "--rays": (request.rays, *RAYS),
        "--depth": (request.depth, 0, 20),
        "--cell": (request.cell_m, 0.1, 1000.0),
        "--height": (request.height_m, 0.1, 1000.0),
    }
    for key, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise RabtaError("cannot be traced", key=key, value=value, expected=f"{low:g} to {high:g}")
    if request.scene not in BUILT_IN:
        materials.check(request.walls, request.ghz, "--walls")
        materials.check(request.ground, request.ghz, "--ground")
    if not request.sites:
        raise RabtaError("a map without a site", key="--site", expected="X,Y,Z or X,Y,Z,DBM, at least one")
    for place in (*request.sites, *request.links):
        if not np.isfinite(place).all() or place[2] <= 0.0:
            raise RabtaError("no such place", key="--site", value=place, expected="metres, above the ground")


def interpreter() -> str:
    """Interpreter that has sionna-rt."""
    named = os.environ.get(INTERPRETER, "")
    if named:
        if not _has_tracer(named):
            raise RabtaError(
                "this interpreter has no sionna-rt", key=INTERPRETER, value=named,
                expected="a Python with `pip install sionna-rt`",
            )  # fmt: skip
        return named
    if not _has_tracer(sys.executable):
        raise RabtaError(
            "ray tracing needs sionna-rt, which is not installed",
            expected=f"`pip install rabta[rt]` and an LLVM of {OLDEST_LLVM} or newer (Debian: libllvm19), "
            f"or {INTERPRETER}=PYTHON of another environment",
        )
    return sys.executable


@cache
def _has_tracer(python: str) -> bool:
    code = (
        "import importlib.util as u, sys; sys.exit(not (u.find_spec('sionna') and u.find_spec('sionna.rt')))"
    )
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, timeout=60, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def compiler() -> str:
    """Path of the newest LLVM library; empty where the tracer may choose (a GPU, or another system)."""
    named = os.environ.get(LIBRARY, "")
    paths = [Path(named)] if named else [p for f in FOLDERS for p in sorted(Path(f).glob("libLLVM*.so*"))]
    paths += [] if named else sorted(Path("/usr/lib").glob("llvm-*/lib/libLLVM*.so*"))
    found = {path: version for path in paths if (version := _version(path))}
    if not found:
        return named
    best = max(found, key=lambda path: found[path])
    if found[best] < OLDEST_LLVM:
        raise RabtaError(
            "the tracer aborts with this LLVM", key=LIBRARY, value=str(best),
            expected=f"version {OLDEST_LLVM} or newer (Debian: apt-get install libllvm19)",
        )  # fmt: skip
    return str(best)


def _version(path: Path) -> int:
    """Major version that a library's name tells, 0 for none."""
    name = path.resolve().name if path.exists() else path.name
    match = re.search(r"libLLVM(?:-|\.so\.)(\d+)", name)
    return int(match[1]) if match else 0


def trace(request: Request) -> Traced:
    """Map and links of a request."""
    check(request)
    own = None if request.scene in BUILT_IN else blocks_.load(request.scene)
    python, library = interpreter(), compiler()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = folder / "traced.npz"
        asked: dict[str, Any] = asdict(request) | {
            "out": str(out),
            "built_in": request.scene if own is None else "",
        }
        if own is not None:
            asked["scene"] = str(mesh.write(own, folder, request.walls, request.ground))
        told = _run(python, library, asked)
        with np.load(out) as file:
            arrays = {key: file[key] for key in file.files}
    centres = arrays["centres"].astype(np.float64)
    none = np.zeros((0, len(request.sites)))
    with np.errstate(divide="ignore"):
        gain, link, power = (
            10.0 * np.log10(np.asarray(arrays.get(key, none), dtype=np.float64))
            for key in ("path_gain", "link_gain", "link_power")
        )
    about = told | {"llvm": library}
    return Traced(request, gain, centres[..., 0], centres[..., 1], link, power, own, about)


def _run(python: str, library: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Call the tracer's process; its end by a signal becomes one sentence."""
    environment = dict(os.environ) | ({LIBRARY: library} if library else {})
    script = Path(__file__).with_name("_tracer.py")
    try:
        done = subprocess.run(  # noqa: S603
            [python, str(script)], input=json.dumps(asked), capture_output=True, text=True, env=environment,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise RabtaError("the tracer took too long", value=f"{LIMIT_S} s", expected="fewer --rays") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1]
        raise RabtaError(f"the tracer failed: {last}", value=library or None, expected="see --help")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
