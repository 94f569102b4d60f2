"""Integer ambiguities: the integers nearest to a float solution, by its covariance, and how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.precise import _kernels

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fix:
    """Integer candidates, best first.

    Attributes
    ----------
    integers : ndarray, shape (candidate, ambiguity)
    distance : ndarray, shape (candidate,)
        Squared distance from the float solution in the metric of its covariance.
    success : float
        Probability that rounding the decorrelated ambiguities one after the other is right: a lower bound for
        integer least squares (Teunissen 1998, Journal of Geodesy 72, equation 17).
    """

    integers: Array
    distance: Array
    success: float

    @property
    def ratio(self) -> float:
        """Distance of the second over that of the best; infinite for an exact best."""
        return float(self.distance[1] / self.distance[0]) if self.distance[0] > 0.0 else math.inf


def success_rate(variances: Array) -> float:
    """Bootstrapped success rate from conditional variances, cycles squared.

    Examples
    --------
    >>> round(success_rate(np.array([0.0625])), 4)  # one ambiguity of a quarter cycle: 2 Phi(2) - 1
    0.9545
    """
    return float(np.prod([math.erf(0.5 / math.sqrt(2.0 * v)) for v in variances]))


def fix(ambiguities: Array, covariance: Array, candidates: int = 2) -> Fix:
    """Integer least squares.

    Parameters
    ----------
    ambiguities : ndarray, shape (n,)
        Float, in cycles.
    covariance : ndarray, shape (n, n)
        Cycles squared; symmetric, positive definite.

    Raises
    ------
    RabtaError
        For a covariance that is not positive definite, or a search without end.
    """
    a = np.ascontiguousarray(ambiguities, dtype=np.float64)
    q = np.ascontiguousarray(covariance, dtype=np.float64)
    integers, distance = np.zeros((candidates, a.size)), np.zeros(candidates)
    variances = np.zeros(a.size)
    found = _kernels.solve(a, q, integers, distance, variances)
    if found < candidates:
        raise RabtaError(
            "integers of ambiguities", key="covariance", value=f"{a.size} ambiguities",
            expected="a positive definite matrix that tells integers apart",
        )  # fmt: skip
    return Fix(integers, distance, success_rate(variances))


def every(ambiguities: Array, covariance: Array, reach: int = 3) -> tuple[Array, Array]:
    """All integer vectors within a reach of the rounded ones, best first: what `fix` must find."""
    inverse, middle = np.linalg.inv(covariance), np.rint(ambiguities)
    steps = np.array(list(product(range(-reach, reach + 1), repeat=ambiguities.size)), dtype=np.float64)
    integers = middle + steps
    rest = integers - ambiguities
    distance = np.einsum("ci,ij,cj->c", rest, inverse, rest)
    order = np.argsort(distance, kind="stable")
    return integers[order], distance[order]
