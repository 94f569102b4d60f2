"""Inter-satellite links of a run as tables of neighbours; the patterns are tested with the fleet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rabta.space import walker
from rabta.transport import mesh

EPOCH = np.datetime64("2026-01-13", "ns")
OWNER = pd.DataFrame({"system": ["x", "y"], "isl": [True, False], "isl_links": [4, 0]})


def table(planes: int, each: int, shell: str = "a", system: int = 0) -> pd.DataFrame:
    columns = walker.walker(550.0, 53.0, planes, each)
    names = walker.labels(planes, each, f"{shell}-")
    mark = {"constellation": "xy"[system], "shell": shell, "orbit": "leo", "system": system}
    return pd.DataFrame({"name": names, **mark, "min_elevation_deg": 25.0, **columns})


def links(frame: pd.DataFrame, minutes: int = 0, **options: bool) -> np.ndarray:
    return mesh.neighbours(mesh.network(frame, OWNER, EPOCH + np.timedelta64(minutes, "m"), **options))


def test_neighbours_go_both_ways() -> None:
    found = links(table(9, 11))
    assert ((found >= 0).sum(axis=1) == 4).all()
    row, place = np.nonzero(found >= 0)
    other = found[row, place]
    assert set(zip(row, other, strict=True)) == set(zip(other, row, strict=True))
    assert len(np.unique(mesh.meshes(found))) == 1


def test_shells_and_systems_without_links_stay_apart() -> None:
    frame = pd.concat([table(6, 8), table(6, 8, "b"), table(6, 8, "c", 1)], ignore_index=True)
    found = links(frame)
    label = mesh.meshes(found)
    assert sorted(np.unique(label)) == [-1, 0, 1]
    assert (label[96:] == -1).all()
    assert (found[96:] == -1).all()
    assert (links(frame, relays=False) == -1).all()


def test_links_are_those_of_the_hour() -> None:
    """A run that starts in mid-hour has the companions that another run has at that time."""
    full = table(36, 20)
    frame = full.iloc[np.sort(np.random.default_rng(2).choice(len(full), 500, replace=False))]
    frame = frame.reset_index(drop=True)
    first, later, far = (links(frame, minutes) for minutes in (60, 115, 2400))
    assert np.array_equal(first, later)
    assert not np.array_equal(first, far)


def test_nothing_to_link() -> None:
    assert links(table(2, 2).iloc[:0]).shape == (0, 1)
    one = links(table(1, 1))
    assert (one == -1).all()
    assert mesh.meshes(one).tolist() == [-1]
