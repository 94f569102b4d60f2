"""Antennas against TR 38.821, S.465 and the noise they see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio import antennas
from rabta.radio.antennas import Terminal

PANEL = Terminal("panel", 0.5, 12.0, 200.0, 1.2, 400.0, "dvb-s2x")


@pytest.mark.parametrize(
    ("aperture", "ghz", "width"),
    [(22.0, 2.0, 0.4011), (5.0, 20.0, 0.1765), (2.0, 2.0, 4.4127), (0.5, 20.0, 1.7647), (1.0, 2.0, 8.8320)],
)
def test_half_power_beamwidth(aperture: float, ghz: float, width: float) -> None:
    """3GPP TR 38.821, tables 6.1.1.1-1 and -2: 3 dB beamwidth of satellite apertures."""
    assert float(antennas.aperture_rolloff_db(width / 2.0, aperture, ghz)) == pytest.approx(-3.0, abs=0.05)


@pytest.mark.parametrize(
    ("offset", "gain"), [(1, 32.0), (2, 24.47), (5, 14.53), (10, 7.0), (20, -0.53), (60, -10)]
)
def test_side_lobe_envelope(offset: float, gain: float) -> None:
    """ITU-R S.465-6, 32 - 25 log10(phi)."""
    assert float(antennas.s465_envelope_dbi(offset)) == pytest.approx(gain, abs=0.005)


def test_first_side_lobe_of_a_uniform_aperture() -> None:
    """Balanis, Antenna Theory, 4th edition, table 12.2: -17.6 dB."""
    offsets = np.linspace(1.3, 2.6, 2000) * np.degrees(3e8 / 20e9 / 1.0)
    lobe = antennas.aperture_rolloff_db(offsets, 1.0, 20.0).max()
    assert lobe == pytest.approx(-17.57, abs=0.05)


def test_scan_loss_of_the_projected_area() -> None:
    assert float(antennas.scan_loss_db(60.0, 1.0)) == pytest.approx(3.0103, abs=1e-4)
    assert float(antennas.scan_loss_db(0.0, 1.4)) == 0.0


def test_dish_keeps_its_gain_and_panel_does_not() -> None:
    dish = Terminal("dish", 0.5, 12.0, 200.0, 0.0, 400.0, "dvb-s2x")
    assert float(dish.g_over_t(30.0, 0.5, 0.5)) == pytest.approx(12.0)
    assert float(PANEL.g_over_t(30.0, 0.5, 0.5)) == pytest.approx(
        12.0 + 12.0 * np.log10(np.cos(np.radians(60.0)))
    )


def test_rain_noise_lowers_g_over_t() -> None:
    """10 dB of rain through P.618-14's 275 K sky: (200 + 247.8 - 56.3) / 200 K is 2.92 dB."""
    lost = 12.0 - float(PANEL.g_over_t(90.0, 10.0, 0.96))
    sky = 275.0 * (1 - 10**-1.0) + 2.7 * 10**-1.0
    clear = 275.0 * (1 - 10**-0.096) + 2.7 * 10**-0.096
    assert lost == pytest.approx(10 * np.log10((200.0 + sky - clear) / 200.0), abs=1e-9)
    assert 2.8 < lost < 3.1


def test_every_terminal_of_the_catalog_is_consistent() -> None:
    """G/T is gain less the noise temperature that the entry's own parts give, to 0.3 dB."""
    for entry in catalog.entries("terminals"):
        if "g_over_t_db_k" not in entry.data:
            continue
        made = antennas.terminal(entry.name)
        gain = float(entry.data["gain_dbi"])
        assert made.g_over_t_db_k == pytest.approx(gain - 10 * np.log10(made.noise_k), abs=0.3), entry.name


def test_terminal_without_a_number_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "terminals"
    folder.mkdir()
    (folder / "bad.toml").write_text(
        'title = "t"\nsource = "s"\nlicence = "l"\nretrieved = "2026-01-01"\naperture_m = "large"\n'
    )
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match="aperture_m"):
        antennas.terminal("bad")
