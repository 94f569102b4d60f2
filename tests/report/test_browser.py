"""The page in a real browser, with no network: it draws, answers, and logs no error."""

from __future__ import annotations

import html
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h3
import pandas as pd
import pytest

from rabta.report import text

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
HELPERS = """
const say = (key, value) => document.body.setAttribute('data-' + key, value);
const text = (where) => document.querySelector(where).textContent;
const pause = () => new Promise((done) => setTimeout(done, 150));
const type = async (words) => {
  const field = document.getElementById('search');
  field.value = words;
  field.dispatchEvent(new Event('input'));
  const hits = document.querySelectorAll('#found [role=option]').length;
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  await pause();
  return hits;
};
const pixels = (id) => {
  const canvas = document.getElementById(id);
  const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < all.length; i += 4) if (all[i]) painted++;
  return painted / (all.length / 4);
};
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


@pytest.fixture
def drive(
    small_run: Path, opened: Callable[[Path, str], tuple[str, str]], tmp_path: Path
) -> Callable[..., dict[str, str]]:
    """Open the page, run a script in it once it is ready, and return what the script said."""

    def drive_(script: str, size: str = "1280,900") -> dict[str, str]:
        page = (small_run / "report" / "index.html").read_text(encoding="utf-8")
        page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        begin = f"{HELPERS}\nasync function act() {{ {script} }}"
        wait = "const t = setInterval(() => { if (window.rabtaReady) { clearInterval(t); act(); } }, 50);"
        driven = tmp_path / "driven.html"
        driven.write_text(
            page.replace("</body>", f"<script>{begin}\n{wait}</script></body>"), encoding="utf-8"
        )
        dom, console = opened(driven, size)
        assert console == ""
        found = re.findall(r'data-([a-z0-9]+)="([^"]*)"', dom[dom.index("<body") :].split(">", 1)[0])
        return {key: html.unescape(value) for key, value in found}

    return drive_


def test_search_finds_towns_districts_tehsils_cells_and_coordinates(
    small_run: Path, drive: Callable[..., dict[str, str]]
) -> None:
    cells = pd.read_parquet(small_run / "tables" / "cells.parquet")
    cell, child = cells["cell"].iloc[17], h3.cell_to_center_child(cells["cell"].iloc[17], 8)
    lat, lon = h3.cell_to_latlng(cells["cell"].iloc[40])
    script = f"""
      say('hits', await type('town')); say('town', text('#place h3'));
      await type('district 1'); say('district', text('#place h3') + '|' + text('#place .where'));
      await type('district 1 tehsil'); say('tehsil', text('#place .where'));
      await type('{cell}'); say('cell', text('#place .where')); say('hash', location.hash);
      await type('{child}'); say('child', text('#place .where'));
      await type('{lat:.4f}, {lon:.4f}'); say('spot', text('#place .where'));
      say('none', await type('no such place'));
    """
    found = drive(script)
    assert found["hits"] == "9"
    assert found["town"].startswith("Town ")
    assert found["district"].startswith("District 1|District")
    assert found["tehsil"].startswith("Tehsil · District 1 district")
    assert found["cell"].endswith(f"cell {cell}")
    assert found["hash"] == f"#place={cell}"
    assert found["child"].endswith(f"cell {cell}")
    assert found["spot"].endswith(f"cell {cells['cell'].iloc[40]}")
    assert found["none"] == "0"


def test_the_page_of_a_place_shows_the_run_s_numbers(
    small_run: Path, drive: Callable[..., dict[str, str]]
) -> None:
    cells = pd.read_parquet(small_run / "tables" / "cells.parquet")
    plan = pd.read_parquet(small_run / "tables" / "plan.parquet")
    row = int(plan["households_served"].argmax())
    script = f"""
      location.hash = 'place={cells["cell"].iloc[row]}'; await pause();
      say('all', document.getElementById('place').innerText.replace(/\\s+/g, ' '));
      say('met', document.querySelectorAll('#place .targets .met, #place .targets .missed').length);
      document.querySelector('#place a.info[data-o=cell-cost]').click();
      say('origin', document.getElementById('origin').innerText.replace(/\\s+/g, ' '));
      say('open', document.getElementById('origin').open);
    """
    found = drive(script)
    words = found["all"].replace("\xa0", " ")
    here, what = cells.iloc[row], plan.iloc[row]
    assert f"{here['people']:,}" in words
    assert text.number(what["households_served"]) in words
    assert f"US$ {text.number(what['npc_per_household_usd'])}" in words
    assert f"{text.number(what['rate_mbps'])} Mbit/s" in words
    assert f"{text.number(what['latency_ms'])} ms" in words
    assert int(found["met"]) == 6
    assert found["open"] == "true"
    assert "plan.npc_per_household_usd" in found["origin"]
    assert "computed by the model" in found["origin"]


def test_the_page_of_a_district_agrees_with_its_row(drive: Callable[..., dict[str, str]]) -> None:
    script = """
      const row = document.getElementById('districts-table').tBodies[0].rows[0];
      row.querySelector('a').click(); await pause();
      say('name', row.cells[0].textContent); say('people', row.cells[2].textContent);
      say('after', row.cells[5].textContent); say('joined', row.cells[6].textContent);
      say('head', text('#place h3'));
      say('all', document.getElementById('place').innerText.replace(/\\s+/g, ' '));
    """
    found = drive(script)
    words = found["all"].replace("\xa0", " ")
    assert found["head"] == found["name"]
    assert f"the plan connects {found['joined']} at" in words
    assert f"→ {found['after']}" in words
    assert found["people"] == text.number(float(re.findall(r"Peoplei? ?([\d,]+)", words)[0].replace(",", "")))


def test_two_maps_share_view_pointer_and_readout(drive: Callable[..., dict[str, str]]) -> None:
    script = """
      const [a, b] = [document.getElementById('layer0'), document.getElementById('layer1')];
      say('layers', a.options.length + ' ' + b.options.length);
      b.value = b.options.length - 1; b.dispatchEvent(new Event('change'));
      const canvas = document.getElementById('canvas0');
      const box = canvas.getBoundingClientRect();
      const middle = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, pointerId: 1 };
      canvas.dispatchEvent(new PointerEvent('pointermove', middle));
      say('tips', [...document.querySelectorAll('.tip')].filter((tip) => !tip.hidden).length);
      const tips = document.querySelectorAll('.tip');
      say('one', tips[0].textContent); say('two', tips[1].textContent);
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
      say('read', text('#readout'));
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' })); await pause();
      say('hash', location.hash);
      await pause(); say('painted0', pixels('canvas0')); say('painted1', pixels('canvas1'));
      say('legend', document.querySelectorAll('.legend.onmap li').length);
      document.getElementById('second').click(); await pause();
      say('alone', document.querySelectorAll('.pane')[1].hidden);
    """
    found = drive(script)
    first, second = (int(n) for n in found["layers"].split())
    assert first == second >= 9
    assert found["tips"] == "2"
    assert found["one"] != found["two"]
    assert " · " in found["read"]
    assert re.fullmatch(r"#place=86[0-9a-f]{13}", found["hash"])
    assert float(found["painted0"]) > 0.2
    assert float(found["painted1"]) > 0.2
    assert int(found["legend"]) >= 6
    assert found["alone"] == "true"


def test_charts_read_out_their_values(drive: Callable[..., dict[str, str]]) -> None:
    script = """
      const chart = [...document.querySelectorAll('svg.chart.wide[data-x]')][0];
      const box = chart.getBoundingClientRect();
      const at = { clientX: box.left + box.width / 2, clientY: box.top + 20, pointerId: 1 };
      chart.dispatchEvent(new PointerEvent('pointermove', at));
      say('read', chart.nextElementSibling.textContent);
    """
    assert re.match(r"Town \d+ [\d.]+ · Town", drive(script)["read"])


def test_tables_sort_and_filter(small_run: Path, drive: Callable[..., dict[str, str]]) -> None:
    script = """
      const table = document.getElementById('districts-table');
      const sort = () => table.tHead.rows[0].cells[2].querySelector('button').click();
      const top = () => table.tBodies[0].rows[0].cells[0].textContent;
      sort(); say('most', top()); sort(); say('least', top());
      const filter = document.getElementById('filter');
      filter.value = 'district 1'; filter.dispatchEvent(new Event('input'));
      say('rows', [...table.tBodies[0].rows].filter((row) => !row.hidden).length);
    """
    found = drive(script)
    sums = pd.read_parquet(small_run / "tables" / "cells.parquet").groupby("district")["people"].sum()
    assert found["most"] == sums.idxmax()
    assert found["least"] == sums.idxmin()
    assert int(found["rows"]) == sum("district 1" in name.lower() for name in sums.index)


def test_a_phone_never_scrolls_sideways(drive: Callable[..., dict[str, str]], small_run: Path) -> None:
    cell = pd.read_parquet(small_run / "tables" / "cells.parquet")["cell"].iloc[3]
    script = f"""
      const frame = document.createElement('iframe');
      frame.style.cssText = 'width:390px;height:844px';
      frame.srcdoc = document.documentElement.outerHTML.replace(/<script>[^]*?const say[^]*?<\\/script>/, '');
      document.body.append(frame);
      await new Promise((done) => {{ frame.onload = done; }}); await pause(); await pause();
      const page = frame.contentDocument;
      frame.contentWindow.location.hash = 'place={cell}'; await pause();
      say('inner', frame.contentWindow.innerWidth); say('wide', page.documentElement.scrollWidth);
    """
    found = drive(script)
    assert int(found["inner"]) <= 390
    assert int(found["wide"]) <= int(found["inner"])


def test_the_page_prints_to_paper(browser: str, small_run: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    flags = [flag for flag in FLAGS if flag != "--dump-dom"]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'p'}", "--no-pdf-header-footer"]
    page = (small_run / "report" / "index.html").as_uri()
    subprocess.run([*command, f"--print-to-pdf={paper}", page], capture_output=True, timeout=120, check=True)
    raw = paper.read_bytes()
    sheets = len(re.findall(rb"/Type\s*/Page\b", raw))
    assert 4 <= sheets <= 40


def opening_ms(browser: str, page: Path, tmp_path: Path) -> float:
    """Milliseconds from the start of loading until maps and place are drawn, by the page's own clock.

    Virtual time would stand still while the page works, so this browser runs in real time and the page
    tells a local server when it is ready.
    """
    told: queue.Queue[str] = queue.Queue()

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.put(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ear = f"http://127.0.0.1:{server.server_port}/"
        call = f"new Image().src = '{ear}' + document.documentElement.dataset.opened"
        watch = (
            f"const t = setInterval(() => {{ if (window.rabtaReady) {{ clearInterval(t); {call}; }} }}, 20);"
        )
        raw = re.sub(
            r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8")
        )
        timed = tmp_path / "timed.html"
        timed.write_text(raw.replace("</body>", f"<script>{watch}</script></body>"), encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0")
        command = [browser, *flags, f"--user-data-dir={tmp_path / 'timed'}", "--window-size=1280,900"]
        process = subprocess.Popen(
            [*command, timed.as_uri()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return float(told.get(timeout=90).strip("/"))
        finally:
            process.terminate()
            process.wait(timeout=30)
            server.shutdown()


def test_weight_and_opening_time_are_measured(
    browser: str, small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = small_run / "report" / "index.html"
    opened_ms = opening_ms(browser, page, tmp_path)
    assert opened_ms > 0
    with capsys.disabled():
        print(f" [page of {page.stat().st_size / 1e6:.2f} MB ready after {opened_ms:.0f} ms]", end="")


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
