"""The page in a real browser, with no network: it draws, answers, and logs no error."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=8000",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--dump-dom",
)
DRIVE = """
const say = (key, value) => document.body.setAttribute('data-' + key, value);
addEventListener('load', () => setTimeout(() => {
  const field = document.getElementById('search');
  field.value = '%s';
  field.dispatchEvent(new Event('input'));
  say('hits', document.querySelectorAll('#found [role=option]').length);
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  say('card', document.querySelector('#card h3').textContent);
  const layer = document.getElementById('layer');
  say('layers', layer.options.length);
  layer.value = layer.options.length - 1;
  layer.dispatchEvent(new Event('change'));
  say('legend', document.querySelectorAll('#legend li').length);
  document.getElementById('canvas').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  say('cell', document.querySelector('#card .why').textContent);
  document.querySelectorAll('#table thead th')[2].click();
  say('first', document.querySelector('#table tbody tr th').textContent);
  const filter = document.getElementById('filter');
  filter.value = '%s';
  filter.dispatchEvent(new Event('input'));
  say('rows', [...document.querySelectorAll('#table tbody tr')].filter((row) => !row.hidden).length);
  const canvas = document.getElementById('canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i]) painted++;
  say('painted', painted / (pixels.length / 4));
}, 800));
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"NO BROWSER: none of {', '.join(BROWSERS)} is installed, the page was not opened")
    return found


@pytest.fixture
def opened(browser: str, tmp_path: Path) -> Callable[[Path, str], tuple[str, str]]:
    def open_(page: Path, size: str) -> tuple[str, str]:
        command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={size}"]
        done = subprocess.run(
            [*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)

    return open_


@pytest.mark.parametrize("size", ["1280,900", "390,844"])
def test_page_gets_ready_without_errors(
    small_run: Path, opened: Callable[[Path, str], tuple[str, str]], size: str
) -> None:
    dom, console = opened(small_run / "report" / "index.html", size)
    assert console == ""
    assert 'data-ready="true"' in dom


def test_page_answers_to_search_layers_keys_and_sorting(
    small_run: Path, opened: Callable[[Path, str], tuple[str, str]], tmp_path: Path
) -> None:
    page = (small_run / "report" / "index.html").read_text(encoding="utf-8")
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    driver = f"<script>{DRIVE % ('town', 'district 1')}</script></body>"
    driven = tmp_path / "driven.html"
    driven.write_text(page.replace("</body>", driver), encoding="utf-8")
    dom, console = opened(driven, "1280,900")
    assert console == ""
    found = dict(re.findall(r'data-([a-z]+)="([^"]*)"', dom[dom.index("<body") :].split(">", 1)[0]))
    assert int(found["hits"]) == 9
    assert found["card"].startswith("Town ")
    assert int(found["layers"]) >= 9
    assert int(found["legend"]) >= 3
    assert "household" in found["cell"] or "broadband" in found["cell"]
    assert found["first"].startswith("District ")
    assert int(found["rows"]) >= 1
    assert float(found["painted"]) > 0.2


def test_injected_script_is_refused(
    small_run: Path, opened: Callable[[Path, str], tuple[str, str]], tmp_path: Path
) -> None:
    page = (small_run / "report" / "index.html").read_text(encoding="utf-8")
    bad = tmp_path / "bad.html"
    bad.write_text(
        page.replace("</body>", "<script>document.body.id = 'broken'</script></body>"), encoding="utf-8"
    )
    dom, console = opened(bad, "900,700")
    assert 'id="broken"' not in dom
    assert "Content Security Policy" in console
