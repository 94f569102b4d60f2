"""Backward pass: each state from all epochs (Rauch, Tung and Striebel 1965)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.tracks.kalman import Filtered

Array = NDArray[np.float64]

RCOND = 1e-12  # of the scaled covariance: directions that carry nothing are left alone


def gains(found: Filtered) -> Array:
    """Smoother's gains from each epoch to the next, shape (epoch - 1, state, state).

    Covariances ahead are scaled to ones on the diagonal; a receiver that stands still leaves them singular.
    """
    ahead, turn = found.ahead_covariances[1:], found.transitions[1:]
    scale = np.sqrt(np.maximum(np.diagonal(ahead, axis1=1, axis2=2), 1e-12))
    inverse = np.linalg.pinv(ahead / (scale[:, :, None] * scale[:, None, :]), rcond=RCOND, hermitian=True)
    inverse /= scale[:, :, None] * scale[:, None, :]
    return np.asarray(found.covariances[:-1] @ np.swapaxes(turn, 1, 2) @ inverse)


def backward(found: Filtered) -> tuple[Array, Array]:
    """Smoothed states and the covariances to report for them.

    The smoothed covariance is the filter's own, widened as the forward one was.
    """
    first = int(np.argmax(np.isfinite(found.states[:, 0])))
    part = Filtered(*(item[first:] for item in vars(found).values()))
    gain = gains(part)
    states, own = part.states.copy(), part.covariances.copy()
    for e in range(len(states) - 2, -1, -1):
        g = gain[e]
        states[e] += g @ (states[e + 1] - part.ahead[e + 1])
        own[e] += g @ (own[e + 1] - part.ahead_covariances[e + 1]) @ g.T
    wide = np.trace(part.reported[:, :3, :3], axis1=1, axis2=2)
    wide /= np.trace(part.covariances[:, :3, :3], axis1=1, axis2=2)
    states_all, own_all = found.states.copy(), found.reported.copy()
    states_all[first:], own_all[first:] = states, own * wide[:, None, None]
    return states_all, own_all
