"""Block error rates as a Gaussian distribution function over the ratio in dB, fitted to counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Error rate Phi((middle - ratio) / width).

    Attributes
    ----------
    residual_db : float
        Root mean square distance of the counts from the line, in dB, weighted by their information.
    expected_db : float
        That of the noise of counting alone.
    error_db : float
        Standard error of the middle.
    """

    middle_db: float
    width_db: float
    residual_db: float = 0.0
    expected_db: float = 0.0
    error_db: float = 0.0

    def bler(self, snr_db: ArrayLike) -> Array:
        """Error rate at ratios."""
        from scipy.special import ndtr

        return np.asarray(ndtr((self.middle_db - np.asarray(snr_db, dtype=np.float64)) / self.width_db))

    def snr_db(self, bler: float) -> float:
        """Ratio at an error rate."""
        from scipy.special import ndtri

        return float(self.middle_db - self.width_db * ndtri(bler))


def fit(counts: Sequence[tuple[float, int, int]]) -> Line:
    """Line of greatest likelihood through counts of (ratio in dB, blocks, errors).

    Fisher's scoring of the probit model (Finney, Probit Analysis, 1971). Straight in dB over the range
    counted; a curve with an error floor is not a line.

    Raises
    ------
    RabtaError
        Fewer than two ratios with both errors and blocks without.

    Examples
    --------
    >>> line = fit([(0.0, 1000, 841), (1.0, 1000, 500), (2.0, 1000, 159)])
    >>> round(float(line.middle_db), 3), round(float(line.width_db), 2)
    (1.0, 1.0)
    """
    ratio, blocks, errors = (np.asarray(column, dtype=np.float64) for column in zip(*counts, strict=True))
    if not (errors.sum() > 0 and (errors < blocks).any() and np.unique(ratio).size > 1):
        raise RabtaError("no error curve", key="counts", value=list(counts), expected="errors that fall")
    a, b = _start(ratio, blocks, errors)
    for _ in range(60):
        weight, work = _score(a, b, ratio, blocks, errors)
        matrix = np.array([[weight.sum(), (weight * ratio).sum()], [0.0, (weight * ratio**2).sum()]])
        matrix[1, 0] = matrix[0, 1]
        step = np.linalg.solve(matrix, [(weight * work).sum(), (weight * work * ratio).sum()])
        scale = min(1.0, 1.0 / max(np.abs(step[1] / b), 1e-12) * 0.5)  # the slope keeps its sign
        a, b = a + scale * step[0], b + scale * step[1]
        if np.abs(step).max() < 1e-10:
            break
    return _line(a, b, ratio, blocks, errors)


def _start(ratio: Array, blocks: Array, errors: Array) -> tuple[float, float]:
    from scipy.special import ndtri

    z = ndtri((errors + 0.5) / (blocks + 1.0))
    slope, offset = np.polyfit(ratio, z, 1, w=np.sqrt(blocks))
    return float(offset), min(float(slope), -1e-3)


def _score(a: float, b: float, ratio: Array, blocks: Array, errors: Array) -> tuple[Array, Array]:
    """Fisher's information of each count, and how far it lies beside the line, in widths."""
    from scipy.special import ndtr

    z = np.clip(a + b * ratio, -8.0, 8.0)
    p = ndtr(z)
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return blocks * density**2 / (p * (1.0 - p)), (errors / blocks - p) / density


def _line(a: float, b: float, ratio: Array, blocks: Array, errors: Array) -> Line:
    weight, work = _score(a, b, ratio, blocks, errors)
    share = weight / weight.sum()
    heard = int((weight > 1e-6 * weight.max()).sum())
    residual = float(np.sqrt((share * work**2).sum()) / -b)
    expected = float(np.sqrt(max(heard - 2, 0) / weight.sum()) / -b)
    middle = float((share * ratio).sum())
    matrix = np.array([[1.0, middle], [middle, float((share * ratio**2).sum())]]) * weight.sum()
    gradient = np.array([-1.0 / b, a / b**2])
    error = float(np.sqrt(max(gradient @ np.linalg.pinv(matrix) @ gradient, 0.0)))
    return Line(-a / b, -1.0 / b, residual, expected, error)


def crossing(counts: Sequence[tuple[float, int, int]], bler: float, degree: int = 1) -> tuple[float, float]:
    """Ratio in dB at which a smooth curve through counts has an error rate, and its standard error.

    Parameters
    ----------
    counts : sequence of (ratio in dB, blocks, errors)
        Ratios without an error, or with errors only, are left out.
    degree : int
        Of the polynomial of the rate's probit over the ratio: 1 in white noise, 2 over fading.

    Raises
    ------
    RabtaError
        Too few counts, or a rate outside those counted.
    """
    from scipy.special import ndtri

    ratio, blocks, errors = (np.asarray(column, dtype=np.float64) for column in zip(*counts, strict=True))
    used = (errors > 0) & (errors < blocks)
    ratio, blocks, errors = ratio[used], blocks[used], errors[used]
    share = errors / blocks
    if ratio.size <= degree or not share.min(initial=1.0) <= bler <= share.max(initial=0.0):
        raise RabtaError(
            "no such rate among the counts", key="bler", value=bler,
            expected=f"{share.min(initial=1.0):.2g} to {share.max(initial=0.0):.2g}",
        )  # fmt: skip
    z, density = ndtri(share), np.exp(-0.5 * ndtri(share) ** 2) / np.sqrt(2.0 * np.pi)
    weight = blocks * density**2 / (share * (1.0 - share))
    middle = float(ratio.mean())
    matrix = np.vander(ratio - middle, degree + 1)
    normal = np.linalg.inv(matrix.T @ (weight[:, None] * matrix))
    fitted = normal @ matrix.T @ (weight * z)
    found = np.roots(fitted - np.append(np.zeros(degree), ndtri(bler)))
    slope = np.polyval(np.polyder(fitted), found.real)
    real = found.real[(np.abs(found.imag) < 1e-9) & (slope < 0.0)]
    at = float(real[np.argmin(np.abs(real))])
    row = np.vander([at], degree + 1)[0]
    error = np.sqrt(row @ normal @ row) / abs(np.polyval(np.polyder(fitted), at))
    return middle + at, float(error)
