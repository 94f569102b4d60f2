"""Suite ``risk``: how much one year differs from the average year, ITU-R P.678-3."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.radio.sky import risk
from rabta.verify import Row, suite

PEER = "ITU-Rpy at 6d7f35c, itur.models.itu678 with its map of the climatic ratio, run 23 November 2026"
BEFORE = "ITU-Rpy before 339a39a (variance in place of the deviation in equation (8)); right: " + PEER
# place, climatic ratio at it; then long-term share, variance of a year's share, risk of 1.3 times as much, %
_PLACES = (
    ("New Delhi", 0.24116432, (
        (1e-4, 2.894047524434134e-09, 28.85387571170431),
        (1e-3, 1.27383336686208e-07, 20.029928489791953),
        (1e-2, 9.134693367726311e-06, 16.04524640265853),
    )),
    ("London", 0.145731, (
        (1e-4, 2.524820475633509e-09, 27.523915614340932),
        (1e-3, 9.046063180614549e-08, 15.92728923108781),
        (1e-2, 5.44242287972006e-06, 9.922972379822891),
    )),
    ("Karachi", 0.78032, (
        (1e-4, 8.40143825602351e-09, 37.17209438009349),
        (1e-3, 6.781224098451456e-07, 35.781448363440745),
        (1e-2, 6.420860068362007e-05, 35.40569587972663),
    )),
)  # fmt: skip


@suite("risk", "The risk between years: ITU-R P.678-3")
def run(_: Path | None) -> list[Row]:
    """Variance and risk at three places, the identity of the Recommendation, and a defect of a peer."""
    rows = []
    for name, ratio, values in _PLACES:
        for p, variance, chance in values:
            ours = float(risk.deviation(p, ratio)) ** 2
            what = f"{name}, {100 * p:g} % of the time"
            rows.append(
                Row(f"P.678-3 {what}, variance of a year's share", ours, variance, 1e-8 * variance, PEER)
            )
            ours = 100.0 * float(risk.risk(p, 1.3 * p, ratio))
            rows.append(Row(f"P.678-3 {what}, risk of 1.3 times as much, %", ours, chance, 1e-6, PEER))
    even = 100.0 * float(risk.risk(1e-3, 1e-3, 0.5))
    rows.append(
        Row("P.678-3 risk of more than the long-term share, %", even, 50.0, 1e-12, "P.678-3, Annex 3")
    )
    right = 100.0 * float(risk.risk(1e-3, 1.3e-3, 0.24116432))
    rows.append(
        Row("P.678-3 New Delhi, 0.1 %, risk with a peer's defect, %", right, 0.0, np.nan, BEFORE, gate=False)
    )
    return rows
