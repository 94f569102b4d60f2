"""The package of the plug-in page, installed by its metadata alone: stages, catalog, providers."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import rabta
from rabta import catalog, schema
from rabta import run as runs
from rabta import stage as stages
from rabta.errors import RabtaError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-plugin.md"
BLOCK = re.compile(r"^```\w+\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the page's files where Python finds them, with entry points as pip would write them."""
    site = tmp_path / "site"
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads((site / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    record = site / "rabta_capitals-1.0.dist-info"
    record.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (record / "METADATA").write_text(head, encoding="utf-8")
    groups = project["entry-points"]
    lines = [f"[{g}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for g, points in groups.items()]
    (record / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    runs.all_stages()  # the shipped stages register once, when first imported
    monkeypatch.setattr(stages, "_REGISTRY", dict(stages._REGISTRY))
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield site
    for name in [n for n in sys.modules if n.partition(".")[0] == "rabta_capitals"]:
        del sys.modules[name]


def test_stage_is_found_and_catalog_is_searched(installed: Path) -> None:
    found = {item.name: item for item in runs.all_stages()}
    assert found["rabta_capitals.gateways"].provider == "capitals"
    assert "transport.gateways" in found
    entry = catalog.entry("terminals", "pocket-panel")
    assert entry.path == installed / "rabta_capitals/catalog/terminals/pocket-panel.toml"


def test_default_runs_unless_the_scenario_chooses(installed: Path) -> None:
    known = runs.all_stages()
    assert "rabta_capitals.gateways" not in {item.name for item in stages.select(known, {})}
    chosen = {item.name for item in stages.select(known, {"gateways": "capitals"})}
    assert "rabta_capitals.gateways" in chosen
    assert "transport.gateways" not in chosen
    with pytest.raises(RabtaError, match="did you mean 'capitals'"):
        stages.select(known, {"gateways": "capital"})


def test_scenario_of_the_page_runs_with_the_provider(installed: Path, tmp_path: Path) -> None:
    job = rabta.load(str(installed / "capitals.toml"), nation={"resolution": 4})
    done = job.run(tmp_path / "runs", cache=tmp_path / "cache")
    gateways = done.tables["gateways"]
    assert list(gateways["name"]) == ["Karachi", "Lahore", "Peshawar", "Quetta"]
    assert list(gateways.columns) == list(schema.tables()["gateways"])
    ran = [item["name"] for item in done.provenance["stages"]]
    assert "rabta_capitals.gateways" in ran
    assert "transport.gateways" not in ran
    lahore = gateways.set_index("name")["exchange_km"]["Lahore"]
    assert lahore == pytest.approx(1.3 * 1033, rel=3e-3)  # 743 km north, 718 km east


def test_a_changed_plugin_is_not_answered_from_the_cache(installed: Path) -> None:
    before = _key()
    path = installed / "rabta_capitals" / "stages.py"
    path.write_text(path.read_text(encoding="utf-8").replace("40.0", "80.0"), encoding="utf-8")
    stages._code_hash.cache_clear()
    assert _key() != before


def _key() -> str:
    item = next(item for item in runs.all_stages() if item.name == "rabta_capitals.gateways")
    return stages.key(item, rabta.Scenario(), ())
