"""Inter-satellite links."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta.space import walker
from rabta.transport import mesh

EPOCH = np.datetime64("2026-01-13", "ns")


def table(planes: int, each: int, shell: str = "a", **options: float) -> pd.DataFrame:
    columns = walker.walker(550.0, 53.0, planes, each, **options)
    return pd.DataFrame({"constellation": "x", "shell": shell, **columns})


def links(frame: pd.DataFrame) -> np.ndarray:
    return mesh.neighbours(frame, np.ones(len(frame), bool), EPOCH)


@pytest.mark.parametrize(("planes", "each", "phasing"), [(72, 22, 36), (24, 20, 1), (9, 11, 4), (72, 22, 0)])
def test_delta_pattern_gets_the_plus_grid(planes: int, each: int, phasing: int) -> None:
    found = links(table(planes, each, phasing=phasing))
    assert ((found >= 0).sum(axis=1) == 4).all()
    row, place = np.nonzero(found >= 0)
    other = found[row, place]
    assert set(zip(row, other, strict=True)) == set(zip(other, row, strict=True))
    apart = np.abs(row // each - other // each)
    assert set(np.minimum(apart, planes - apart)) == {0, 1}
    assert len(np.unique(mesh.meshes(found, np.ones(planes * each, bool)))) == 1


def test_half_slot_shift_does_not_drift() -> None:
    """With odd planes half a slot ahead, partners are the satellites of the same number (Hypatia's grid)."""
    planes, each = 72, 22
    frame = table(planes, each)
    plane = np.arange(planes * each) // each
    frame["mean_anomaly_deg"] = (np.arange(planes * each) % each + 0.5 * (plane % 2)) * 360.0 / each
    found = mesh.grid(*(np.radians(frame[n].to_numpy()) for n in ("raan_deg", "mean_anomaly_deg")))
    assert found is not None
    across = found[found[:, 0] // each != found[:, 1] // each]
    assert len(across) == planes * each
    assert (across[:, 0] % each == across[:, 1] % each).all()


def test_star_pattern_has_a_seam() -> None:
    frame = table(6, 11, spread_deg=180.0)
    found = links(frame)
    ends = {int(i) // 11 for i in np.flatnonzero((found >= 0).sum(axis=1) == 3)}
    assert ends == {0, 5}


def test_shells_and_systems_without_links_stay_apart() -> None:
    frame = pd.concat([table(6, 8), table(6, 8, "b"), table(6, 8, "c")], ignore_index=True)
    linked = np.repeat([True, True, False], 48)
    found = mesh.neighbours(frame, linked, EPOCH)
    label = mesh.meshes(found, linked)
    assert sorted(np.unique(label)) == [-1, 0, 1]
    assert (label[96:] == -1).all()
    assert (found[96:] == -1).all()


def test_uneven_shell_gets_lasting_companions() -> None:
    """After half an hour companions are still neighbours: under 30 degrees apart as seen from the centre."""
    full = table(36, 20)
    kept = np.sort(np.random.default_rng(1).choice(len(full), 600, replace=False))
    frame = full.iloc[kept].reset_index(drop=True)
    found = links(frame)
    assert ((found >= 0).sum(axis=1) >= 4).all()
    raan, phase = mesh.angles(frame, EPOCH + np.timedelta64(1800, "s"))
    tilt = np.radians(53.0)
    x = np.cos(phase) * np.cos(raan) - np.sin(phase) * np.cos(tilt) * np.sin(raan)
    y = np.cos(phase) * np.sin(raan) + np.sin(phase) * np.cos(tilt) * np.cos(raan)
    point = np.stack([x, y, np.sin(phase) * np.sin(tilt)], axis=-1)
    row, place = np.nonzero(found >= 0)
    cosine = (point[row] * point[found[row, place]]).sum(axis=1)
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 30.0


def test_nothing_to_link() -> None:
    empty = table(2, 2).iloc[:0]
    assert mesh.neighbours(empty, np.zeros(0, bool), EPOCH).shape == (0, mesh.DEGREE)
    one = table(1, 1)
    assert (links(one) == -1).all()
    assert mesh.meshes(links(one), np.ones(1, bool)).tolist() == [-1]
