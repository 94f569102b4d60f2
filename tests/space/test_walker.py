"""Walker shells against the pattern's definition and against SGP4 itself."""

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space import elements
from rabta.space.propagate import satrecs
from rabta.space.walker import kozai_mean_motion, labels, walker


def mean_altitude_km(columns: dict[str, np.ndarray]) -> float:
    """Mean altitude that SGP4 gives the first satellite over one revolution."""
    period_min = 1440.0 / columns["mean_motion_rev_day"][0]
    record = satrecs(columns)[0]
    states = [record.sgp4_tsince(t) for t in np.linspace(0.0, period_min, 720, endpoint=False)]
    assert {code for code, _, _ in states} == {0}
    return float(np.linalg.norm([place for _, place, _ in states], axis=1).mean() - 6378.137)


@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg"),
    [
        (340, 53.0),
        (550, 53.0),
        (570, 97.6),
        (630, 51.9),
        (1015, 98.98),
        (1200, 87.9),
        (8062, 0.1),
        (35786, 0.1),
    ],
)
def test_sgp4_flies_at_the_altitude_of_the_shell(altitude_km: float, inclination_deg: float) -> None:
    shell = walker(altitude_km, inclination_deg, 1, 1, epoch_jd=2_461_053.5)
    assert mean_altitude_km(shell) == pytest.approx(altitude_km, abs=0.02)


def test_plain_kepler_would_be_kilometres_off() -> None:
    shell = walker(570.0, 97.6, 1, 1, epoch_jd=2_461_053.5)
    kepler = np.sqrt(398_600.4418 / (6378.137 + 570.0) ** 3) * 86_400.0 / (2.0 * np.pi)
    naive = mean_altitude_km(shell | {"mean_motion_rev_day": np.array([kepler])})
    assert abs(naive - 570.0) > 1.0
    assert kozai_mean_motion(570.0, 97.6) != pytest.approx(kepler, abs=1e-3)


def test_pattern_is_walkers_definition() -> None:
    # Walker's notation i: T/P/F: neighbouring planes are shifted by 360 F / T.
    shell = walker(550.0, 53.0, 72, 22, phasing=39)
    node, anomaly = shell["raan_deg"].reshape(72, 22), shell["mean_anomaly_deg"].reshape(72, 22)
    np.testing.assert_allclose(np.diff(node[:, 0]), 5.0)
    np.testing.assert_allclose(np.mod(np.diff(anomaly, axis=1), 360.0), 360.0 / 22.0)
    np.testing.assert_allclose(np.mod(np.diff(anomaly[:, 0]), 360.0), 360.0 * 39.0 / 1584.0)


def test_star_spreads_nodes_over_half_a_turn() -> None:
    shell = walker(1200.0, 87.9, 12, 49, spread_deg=180.0, raan0_deg=10.0)
    assert shell["raan_deg"].reshape(12, 49)[:, 0].tolist() == [10.0 + 15.0 * p for p in range(12)]


def test_labels_follow_the_rows() -> None:
    assert len(labels(72, 22)) == walker(550.0, 53.0, 72, 22)["raan_deg"].size


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("altitude_km", {"altitude_km": 20.0}),
        ("inclination_deg", {"inclination_deg": 181.0}),
        ("planes", {"planes": 0}),
    ],
)
def test_impossible_shells_are_refused_by_key(key: str, change: dict[str, float]) -> None:
    arguments = {"altitude_km": 550.0, "inclination_deg": 53.0, "planes": 2, "per_plane": 2} | change
    with pytest.raises(RabtaError, match="outside its range") as caught:
        walker(**arguments)  # type: ignore[arg-type]
    assert caught.value.key == key


def test_elements_table_takes_walker_columns() -> None:
    frame = elements.table(walker(550.0, 53.0, 3, 4), constellation="test", shell="a", name=labels(3, 4))
    assert frame["orbit"].tolist() == ["leo"] * 12
    assert frame["constellation"].tolist() == ["test"] * 12
    assert frame["norad"].tolist() == [0] * 12
