"""The GPU decoder gives the bits of the CPU's, in the compiler's simulator where there is no GPU."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.jit import gpu
from rabta.mobile.phy.ldpc import coding, graphs

SCRIPT = """
import numpy as np
from rabta.mobile.phy.ldpc import coding, graphs
for number, size, more in ((2, 3, 6), (1, 2, 5)):
    graph = graphs.graph(number, size)
    rng = np.random.default_rng(size)
    block = rng.integers(0, 2, (6, graph.systematic * size))
    word = coding.encode(graph, block)[:, : (graph.systematic + more) * size]
    noisy = (1.0 - 2.0 * word) * 2.0 + rng.normal(0.0, 1.2, word.shape)
    noisy[:, : 2 * size] = 0.0
    ours, ours_used = coding.decode(graph, noisy, 3, device="cpu")
    theirs, theirs_used = coding.decode(graph, noisy, 3, device="cuda")
    assert (ours == theirs).all()
    assert ours_used.tolist() == theirs_used.tolist(), (ours_used, theirs_used)
    print(sorted(set(ours_used.tolist())))
"""


def test_simulated_gpu_decodes_bit_for_bit_as_the_cpu() -> None:
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "4" in done.stdout  # one word at least is not decided within three iterations
    assert "2" in done.stdout  # and one is


@pytest.mark.skipif(not gpu(), reason="no GPU here")
def test_gpu_decodes_bit_for_bit_as_the_cpu() -> None:
    graph, rng = graphs.graph(1, 384), np.random.default_rng(3)
    word = coding.encode(graph, rng.integers(0, 2, (100, 22 * 384)))[:, : 40 * 384]
    noisy = 2.0 * (1.0 - 2.0 * word) + rng.normal(0.0, 2.0, word.shape)
    ours, theirs = (coding.decode(graph, noisy, device=name) for name in coding.DEVICES)
    assert (ours[0] == theirs[0]).all()
    assert (ours[1] == theirs[1]).all()


def test_devices_are_refused_by_name() -> None:
    graph = graphs.graph(2, 4)
    ratios = np.ones((1, 20 * 4), dtype=np.float32)
    with pytest.raises(RabtaError, match="cuda"):
        coding.decode(graph, ratios, device="cude")
    with pytest.raises(RabtaError, match="1 or more"):
        coding.decode(graph, ratios, 0)
    if not gpu():
        with pytest.raises(RabtaError, match="no GPU"):
            coding.decode(graph, ratios, device="cuda")
