"""The front door: the loss of any link, by the Recommendation that is made for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.door.ends import KINDS, Links
from rabta.radio.door.models import MEASURES, Model, Parts
from rabta.radio.door.registry import MODELS
from rabta.radio.door.world import World

Array = NDArray[np.float64]
PURPOSES = ("service", "interference")


@dataclass(frozen=True)
class Prediction:
    """Loss of links.

    Attributes
    ----------
    total_db : ndarray, shape (link,)
        Basic transmission loss, not exceeded for the percentage of time of each link.
    parts : mapping
        Its parts, NaN where the link's model does not know the part.
    models : tuple of Model
        Models that were used.
    model : ndarray of int, shape (link,)
        Index into ``models``.
    """

    total_db: Array
    parts: Parts
    models: tuple[Model, ...]
    model: NDArray[np.int64]

    def recommendation(self, link: int) -> str:
        """Document by which a link was predicted."""
        return self.models[int(self.model[link])].recommendation


def predict(
    links: Links, world: World, purpose: str = "service", recommendation: str | None = None
) -> Prediction:
    """Loss of each link by the first model that is meant for it and holds for it.

    Parameters
    ----------
    purpose : str
        ``service`` or ``interference``: some Recommendations are for one only.
    recommendation : str, optional
        The model to take, by a part of its name, such as ``P.452``; then it must hold for every link.

    Raises
    ------
    RabtaError
        For the first link that no model holds for, with the ranges of those that are meant for it.
    """
    if purpose not in PURPOSES:
        raise RabtaError("no such purpose", key="purpose", value=purpose, expected=nearest(purpose, PURPOSES))
    models = named(recommendation) if recommendation else MODELS
    models = tuple(m for m in models if not m.environments or world.environment in m.environments)
    chosen = choose(links, models, purpose, world)
    used = sorted(set(chosen.tolist()))
    total = np.zeros(len(links))
    parts: Parts = {}
    for index in used:
        mine = chosen == index
        found = models[index].predict(links.take(mine), world)
        total[mine] = np.sum(list(found.values()), axis=0)
        for name, values in found.items():
            parts.setdefault(name, np.full(len(links), np.nan))[mine] = values
    place = {index: i for i, index in enumerate(used)}
    return Prediction(total, parts, tuple(models[i] for i in used), np.array([place[int(i)] for i in chosen]))


def named(recommendation: str) -> tuple[Model, ...]:
    """Models whose document has a name, such as ``P.1812``."""
    wanted = recommendation.casefold()
    found = tuple(m for m in MODELS if wanted in m.recommendation.casefold())
    if not found:
        known = sorted({m.recommendation for m in MODELS})
        raise RabtaError(
            "no such model", key="recommendation", value=recommendation,
            expected=nearest(recommendation, known),
        )  # fmt: skip
    return found


def choose(links: Links, models: Sequence[Model], purpose: str, world: World) -> NDArray[np.int64]:
    """Index of the model of each link."""
    chosen = np.full(len(links), -1)
    for index, model in enumerate(models):
        fits = model.fits(links, purpose) & (chosen < 0)
        if fits.any():
            chosen[model.knows(links, world, fits)] = index
    if (chosen < 0).any():
        raise _refusal(links, int(np.argmax(chosen < 0)), models, purpose)
    return chosen


def _refusal(links: Links, at: int, models: Sequence[Model], purpose: str) -> RabtaError:
    """What is wrong with a link that no model holds for."""
    mask = np.zeros(len(links), dtype=np.bool_)
    mask[at] = True
    link = links.take(mask)
    low, high = (KINDS[i] for i in np.sort(link.kind[:, 0]))
    meant = [model for model in models if model.is_for(link, purpose)[0]]
    if not meant:
        other = [p for p in PURPOSES if any(m.is_for(link, p)[0] for m in models)]
        if other:
            return RabtaError(
                f"that model is not for {purpose}",
                key="recommendation",
                value=models[0].recommendation,
                expected=f"purpose {other[0]}",
            )
        return RabtaError(
            f"no model is meant for {purpose} from {low} to {high}",
            key="recommendation",
            value=models[0].recommendation if len(models) == 1 else None,
            expected="another pair of ends or purpose",
        )
    wrong = []
    for model in meant:
        outside = [name for name, bad in model.outside(link).items() if bad[0]]
        words = ", ".join(
            f"{name} {model.ranges[name][0]:g} to {model.ranges[name][1]:g}" for name in outside
        )
        another_band = "frequency_ghz" in outside  # a model of another band is no help
        wrong.append(
            (another_band, len(outside), f"{model.recommendation}: {words or model.condition}", outside)
        )
    wrong.sort(key=lambda item: item[:2])
    names = wrong[0][3] or ["along the way"]
    value = float(MEASURES[names[0]](link)[0]) if names[0] in MEASURES else wrong[0][2]
    expected = "; ".join(item[2] for item in wrong[:4])
    return RabtaError("outside the range of every model", key=names[0], value=value, expected=expected)
