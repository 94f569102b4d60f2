"""Sionna's scheduler and geometry on given arrays, one thread: run by bench/system.py.

Usage: python system.py FOLDER, which holds bits.npy (slot, subband, cell, user) and level.npy (user, cell).
Prints JSON: CPU seconds of each, mean bits of each user, ratios go to FOLDER/ratio.npy.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sionna.sys import PFSchedulerSUMIMO, geometry_sinr_db

torch.set_num_threads(1)
FOLDER = Path(sys.argv[1])


def schedule() -> dict[str, object]:
    """Every slot of the file once, all cells as one batch."""
    bits = torch.from_numpy(np.load(FOLDER / "bits.npy"))
    slots, bands, cells, users = bits.shape
    grid = bits.permute(0, 2, 1, 3)[:, :, None]  # slot, cell, symbol, subband, user
    chooser = PFSchedulerSUMIMO(users, bands, 1, batch_size=cells, beta=0.99, device="cpu")
    last, total = torch.zeros(cells, users), torch.zeros(cells, users)
    begin = time.process_time()
    for slot in range(slots):
        chosen = chooser(last, grid[slot])[..., 0]
        last = (chosen * grid[slot]).sum(dim=(1, 2))
        total += last
    spent = time.process_time() - begin
    return {"cpu_s": spent, "mean_bits": (total / slots).numpy().ravel().tolist()}


def geometry() -> float:
    """Ratios of all users; least of three."""
    loss = torch.from_numpy(-np.load(FOLDER / "level.npy"))
    spent = []
    for _ in range(3):
        begin = time.process_time()
        found = geometry_sinr_db(loss, 0.0, 20e6, 9.0, device="cpu")
        spent.append(time.process_time() - begin)
    np.save(FOLDER / "ratio.npy", found.numpy())
    return min(spent)


print(json.dumps({"schedule": schedule(), "sinr_cpu_s": geometry()}))
