"""Link budgets against published ones."""

from __future__ import annotations

import pytest

from rabta.errors import RabtaError
from rabta.radio import linkbudget


@pytest.mark.parametrize(
    ("elevation", "altitude", "ghz", "loss"),
    [(30, 600, 20, 179.1), (30, 600, 30, 182.6), (30, 600, 2, 159.1), (30, 1200, 20, 184.5),
     (12.5, 35786, 20, 210.6), (20, 35786, 2, 190.4)],
)  # fmt: skip
def test_free_space_loss_of_tr_38_821(elevation: float, altitude: float, ghz: float, loss: float) -> None:
    """3GPP TR 38.821, clause 6.1.3.3: free-space loss of the study cases."""
    distance = linkbudget.slant_range_km(elevation, altitude)
    assert float(linkbudget.free_space_db(distance, ghz)) == pytest.approx(loss, abs=0.06)


@pytest.mark.parametrize(("km", "ghz", "loss"), [(1684, 13.5, 179.6), (1504, 13.5, 178.6)])
def test_free_space_loss_of_del_portillo(km: float, ghz: float, loss: float) -> None:
    """Del Portillo, Cameron, Crawley, Acta Astronautica 159 (2019): Starlink and Telesat user links."""
    assert float(linkbudget.free_space_db(km, ghz)) == pytest.approx(loss, abs=0.06)


def test_lines_add_up() -> None:
    lines = linkbudget.budget(
        eirp_dbw=36.7, g_over_t_db_k=12.1, frequency_ghz=13.5, range_km=1684.0, bandwidth_mhz=250.0,
        losses_db={"rain": 2.0},
    )  # fmt: skip
    total = lines.pop("cn_db")
    assert lines["rain_db"] == -2.0
    assert total == pytest.approx(sum(lines.values()), abs=1e-12)


def test_nonsense_is_refused() -> None:
    with pytest.raises(RabtaError, match="bandwidth_mhz"):
        linkbudget.budget(eirp_dbw=1, g_over_t_db_k=1, frequency_ghz=2, range_km=1000, bandwidth_mhz=0)
