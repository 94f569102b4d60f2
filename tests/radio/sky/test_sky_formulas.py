"""Gas along rays and from the surface, cross-polarisation, totals anywhere."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio import gas, itu, slantpath
from rabta.radio.sky import places, raypath, surface_gas, totals, xpd
from rabta.radio.sky.maps import Maps
from rabta.radio.sky.surface_gas import Air

STEMS = [places.stem(p) for p in places.FINE]


@pytest.mark.parametrize(
    ("height", "pressure", "temperature"),
    [(0.0, 1013.25, 288.15), (11.019, 226.32, 216.65), (32.162, 8.6802, 228.65), (47.35, 1.1091, 270.65),
     (86.0, 3.7338e-3, 186.87)],
)  # fmt: skip
def test_the_reference_atmosphere(height: float, pressure: float, temperature: float) -> None:
    """US Standard Atmosphere 1976, tables at the layers' geopotential bases (11, 32, 47 km) and at 86 km."""
    p, t, _ = raypath.atmosphere(height)
    assert float(p) == pytest.approx(pressure, rel=2e-3)
    assert float(t) == pytest.approx(temperature, abs=0.05)


def test_vapour_falls_to_its_mixing_ratio() -> None:
    p, t, rho = raypath.atmosphere(np.array([0.0, 2.0, 60.0]), 10.0)
    assert rho[:2] == pytest.approx([10.0, 10.0 / np.e])
    assert float(rho[2] * t[2] / 216.7 / p[2]) == pytest.approx(2e-6)


@pytest.mark.parametrize(
    ("ghz", "height", "elevation", "theirs"),
    [(22.235, 0.0, 90.0, 0.5225108489), (60.0, 0.0, 90.0, 153.996870523), (118.75, 0.0, 90.0, 113.31224003),
     (20.0, 0.0, 5.0, 2.7743400032), (30.0, 1.5, 10.0, 0.7391303082), (94.0, 3.0, 30.0, 0.4336959472),
     (183.31, 0.0, 45.0, 114.7253298201), (20.0, 0.0, 1.0, 9.5551864748)],
)  # fmt: skip
def test_gas_along_a_ray_by_a_second_implementation(
    ghz: float, height: float, elevation: float, theirs: float
) -> None:
    """crc-covlib 4.6.2, SlantPathGaseousAttenuation, mean annual global atmosphere, 7.5 g/m3 at the sea."""
    assert raypath.gas_db_layered(ghz, elevation, height) == pytest.approx(theirs, rel=1e-5)
    assert float(raypath.gas_db(ghz, elevation, height)) == pytest.approx(theirs, rel=2e-4)


def test_a_ray_at_the_horizon_converges_to_ours() -> None:
    """The Recommendation's layers are coarse for a grazing ray; thinner ones come nearer."""
    ours = float(raypath.gas_db(20.0, 0.0, 1.0))
    coarse, fine = (raypath.gas_db_layered(20.0, 0.0, 1.0, finer=n) for n in (1, 100))
    assert abs(fine - ours) < abs(coarse - ours) / 5.0
    assert fine == pytest.approx(ours, rel=2e-3)


def test_flat_earth_at_high_elevation() -> None:
    up, slant = raypath.gas_db(20.0, np.array([90.0, 60.0]))
    assert float(slant) == pytest.approx(float(up) / np.sin(np.radians(60.0)), rel=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: raypath.gas_db(0.5, 30.0), "1 to 1000"),
        (lambda: raypath.gas_db(20.0, -1.0), "0 to 90"),
        (lambda: raypath.gas_db(20.0, 30.0, 11.0), "0 to 10"),
        (lambda: raypath.gas_db(20.0, 30.0, 0.0, 0.0), r"0\.5 to 50"),
        (lambda: raypath.atmosphere(101.0), "0 to 100"),
        (lambda: xpd.discrimination_db(5.0, 4.0, 30.0, 0.0, 0.1), "6 to 55"),
        (lambda: xpd.discrimination_db(5.0, 20.0, 70.0, 0.0, 0.1), "5 to 60"),
        (lambda: xpd.discrimination_db(5.0, 20.0, 30.0, 0.0, 2.0), r"0\.001 to 1"),
        (lambda: xpd.discrimination_db(0.0, 20.0, 30.0, 0.0, 1.0), "1e-09"),
        (lambda: xpd.scaled_db(30.0, (12.0, 0.0), (40.0, 0.0)), "4 to 30"),
    ],
)
def test_outside_is_refused(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        call()  # type: ignore[operator]


def test_discrimination_of_the_sheet() -> None:
    """ITU-R CG-3M3J-13-ValEx Rev 8.3.0, P.618-14: London and New Delhi, 14.25 and 29 GHz."""
    found = xpd.discrimination_db(
        [0.49531707, 6.798072, 5.887822], [14.25, 14.25, 29.0], [31.07699124, 31.07699124, 48.24117054],
        [0.0, 0.0, 90.0], [1.0, 0.01, 1.0],
    )  # fmt: skip
    assert found == pytest.approx([49.4777, 32.8876, 39.7213], abs=1e-4)


def test_discrimination_of_another_frequency() -> None:
    """P.618-14, equation (79): 20 log of the frequencies' ratio, and the tilts' factors."""
    assert float(xpd.scaled_db(30.0, (10.0, 0.0), (20.0, 0.0))) == pytest.approx(30.0 - 20.0 * np.log10(2.0))
    assert float(xpd.scaled_db(30.0, (20.0, 45.0), (20.0, 0.0))) > 30.0


def test_rain_along_a_path() -> None:
    """The sheet's P(rain) at London, and limits: a path of no length has the station's rain."""
    assert float(xpd.rain_percent_on_path(5.3615096, 4.690817392, 31.07699124)) == pytest.approx(
        7.341941569, abs=1e-6
    )
    assert float(xpd.rain_percent_on_path(5.0, 0.0, 30.0)) == pytest.approx(5.0, abs=1e-3)
    assert float(xpd.rain_percent_on_path(0.0, 5.0, 30.0)) == 0.0


def write(folder: Path, name: str, table: np.ndarray) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    np.savetxt(text, table, fmt="%.8f")
    path.write_text(text.getvalue())


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Maps:
    """Made-up maps of P.2145, P.840-9 and P.676-13 in the ITU's forms: the same air over the whole globe."""
    folder = tmp_path_factory.mktemp("itu")
    flat = np.ones((9, 17))
    mean = {"P": 1000.0, "T": 295.0, "RHO": 14.0, "V": 40.0}
    for variable, scale in (("P", "PSCH"), ("T", "TSCH"), ("RHO", "VSCH"), ("V", "VSCH")):
        place = f"P2145/{variable}_Annual"
        for i, stem in enumerate([*STEMS, "mean"]):
            write(
                folder,
                f"{place}/{variable}_{stem}.TXT",
                flat * (mean[variable] if stem == "mean" else mean[variable] + i),
            )
        write(folder, f"{place}/{scale}.TXT", flat * {"PSCH": 8.0, "TSCH": -6.5, "VSCH": 2.0}[scale])
        write(folder, f"{place}/Z_ground.TXT", flat * 0.5)
    write(folder, "P840/L_5.TXT", flat * 0.3)
    ghz = np.array([1.0, 20.0, 350.0])[:, None]
    write(folder, "R11010000020001TXTM.txt", np.hstack([ghz, ghz * 0.0 + [[1.0, 0.01, 0.001, 0.1]]]))
    write(folder, "R11010000020002TXTM.txt", np.hstack([ghz, ghz * 0.0 + [[0.01, 1e-4, 1e-6, 1e-7]]]))
    return Maps(folder)


def test_statistics_are_moved_to_the_places_height(full: Maps) -> None:
    """P.2145-0: pressure and vapour fall exponentially, temperature by its rate."""
    assert places.surface("P", 30.0, 70.0, None, 1.5, full)[0] == pytest.approx(1000.0 * np.exp(-1.0 / 8.0))
    assert places.surface("T", 30.0, 70.0, None, 1.5, full)[0] == pytest.approx(295.0 - 6.5)
    assert places.surface("V", 30.0, 70.0, None, 1.5, full)[0] == pytest.approx(40.0 * np.exp(-0.5))
    third, fifth = (14.0 + STEMS.index(s) for s in ("3", "5"))
    part = np.log(4.0 / 3.0) / np.log(5.0 / 3.0)
    found = places.surface("RHO", 30.0, 70.0, 4.0, 0.5, full)[0]
    assert found == pytest.approx(third * (1.0 - part) + fifth * part)


def test_gas_of_the_surface_statistics(full: Maps) -> None:
    """P.676-13, Annex 2, sections 1.2 and 2.3, put together by hand from the made-up maps."""
    at = {"P": 1000.0 + STEMS.index("5"), "T": 295.0 + STEMS.index("5"), "RHO": 14.0 + STEMS.index("5")}
    height = 1.0 + 0.01 * at["T"] + 0.001 * at["P"] + 0.1 * at["RHO"]
    dry = 1000.0 - 14.0 * 295.0 / 216.7
    factor = 0.01 + 1e-4 * 14.0 + 1e-6 * 295.0 + 1e-7 * 1000.0
    want = float(gas.oxygen_specific(20.0, dry, 14.0, 295.0)) * height + factor * (40.0 + STEMS.index("5"))
    assert surface_gas.zenith_db(30.0, 70.0, 20.0, 5.0, 0.5, full)[0] == pytest.approx(want, rel=1e-9)


def test_the_equivalent_height_is_of_the_air_given() -> None:
    table = np.array([(1.0, 1.0, 0.0, 0.0, 0.0), (3.0, 3.0, 0.0, 0.0, 0.0)])
    assert float(surface_gas.oxygen_height_km(table, 2.0, Air(1000.0, 290.0, 7.5))) == pytest.approx(2.0)
    with pytest.raises(RabtaError, match="1 to 3"):
        surface_gas.oxygen_height_km(table, 4.0, Air(1000.0, 290.0, 7.5))


def test_totals_take_the_newest_maps_there_are(full: Maps) -> None:
    pytest.importorskip("itur")
    new, old = (totals.inputs([30.0], [70.0], [0.5], maps) for maps in (full, Maps()))
    assert new.editions["gas"].endswith("P.2145-0")
    assert new.editions["cloud"] == "ITU-R P.840-9"
    assert (new.bound_db, old.bound_db) == (0.001, 0.88)
    found = totals.attenuation(new, 20.0, 40.0, 0.1, diameter_m=0.6)
    sine = np.sin(np.radians(40.0))
    assert found.cloud[0] == pytest.approx(float(itu.liquid_absorption(20.0)) * 0.3 / sine)
    assert found.gas[0] == pytest.approx(surface_gas.zenith_db(30.0, 70.0, 20.0, 5.0, 0.5, full)[0] / sine)
    older = totals.attenuation(old, 20.0, 40.0, 0.1, diameter_m=0.6)
    reference = slantpath.attenuation(old.climate, 20.0, 40.0, 0.1, diameter_m=0.6)
    assert older.total == pytest.approx(reference.total, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["1 2 3\n2 3 4\n3 4 5\n5 6 7\n", "2 0 0 0 0\n1 0 0 0 0\n3 0 0 0 0\n4 0 0 0 0\n"]
)
def test_damaged_coefficients_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "R11010000020001TXTM.txt").write_text(text)
    with pytest.raises(RabtaError, match="damaged coefficients"):
        surface_gas.coefficients(Maps(tmp_path), "oxygen")


def test_what_the_folder_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="R11010000020001TXTM"):
        surface_gas.zenith_db(30.0, 70.0, 20.0, 5.0, 0.5, Maps(tmp_path))
    with pytest.raises(RabtaError, match=r"P_Annual/PSCH\.TXT"):
        places.surface("P", 30.0, 70.0, 5.0, 0.5, Maps(tmp_path))
