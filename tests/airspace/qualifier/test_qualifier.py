"""InterUSS's own qualifier, started for real against two instances that share a store.

It needs Python 3.13 and an environment of its own, which RABTA_QUALIFIER_PYTHON names (`.ci/run` makes one).
The YAML of version 0.34 comes from the reference inputs; what is run is what its authors wrote.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.airspace.conftest import free_port, instance, stopped, supplier, wait

PYTHON = os.environ.get("RABTA_QUALIFIER_PYTHON", "")
pytestmark = pytest.mark.slow

RID = """
v1:
  test_run:
    resources:
      resource_declarations:
        utm_client_identity: {{$ref: 'library/resources.yaml#/utm_client_identity'}}
        id_generator: {{$ref: 'library/resources.yaml#/id_generator'}}
        kentland_service_area_volume: {{$ref: 'library/resources.yaml#/kentland_service_area_volume'}}
        kentland_service_area: {{$ref: 'library/resources.yaml#/kentland_service_area'}}
        kentland_planning_area_volume: {{$ref: 'library/resources.yaml#/kentland_planning_area_volume'}}
        kentland_planning_area: {{$ref: 'library/resources.yaml#/kentland_planning_area'}}
        au_problematically_big_area: {{$ref: 'library/resources.yaml#/au_problematically_big_area'}}
        utm_auth: {{$ref: 'library/environment_localhost.yaml#/utm_auth'}}
        test_exclusions: {{$ref: 'library/resources.yaml#/test_exclusions'}}
        one:
          resource_type: resources.astm.f3411.DSSInstanceResource
          dependencies: {{auth_adapter: utm_auth}}
          specification: {{participant_id: uss1, rid_version: {version}, base_url: '{first}{path}'}}
        both:
          resource_type: resources.astm.f3411.DSSInstancesResource
          dependencies: {{auth_adapter: utm_auth}}
          specification:
            dss_instances:
              - {{participant_id: uss1, rid_version: {version}, base_url: '{first}{path}'}}
              - {{participant_id: uss2, rid_version: {version}, base_url: '{second}{path}'}}
    action:
      test_suite:
        suite_type: suites.astm.netrid.{suite}.dss_probing
        resources:
          {{dss: one, all_dss_instances: both, id_generator: id_generator,
           utm_client_identity: utm_client_identity,
           isa: kentland_service_area, problematically_big_area: au_problematically_big_area,
           planning_area: kentland_planning_area, test_exclusions: test_exclusions}}
    execution: {{stop_fast: false}}
  artifacts: {{raw_report: {{}}}}
"""


@pytest.fixture(scope="module")
def tree(shared, tmp_path_factory):
    """The qualifier's files: its code as installed, and the YAML beside it."""
    if not PYTHON:
        pytest.skip(
            "no environment of the qualifier: set RABTA_QUALIFIER_PYTHON (Python 3.13, interuss-monitoring)"
        )
    root = tmp_path_factory.mktemp("qualifier")
    with tarfile.open(shared / "validation/interuss/uss_qualifier_data_v0.34.tar.gz") as data:
        data.extractall(root, filter="data")
    where = "import monitoring, pathlib; print(pathlib.Path(monitoring.__file__).parent)"
    installed = Path(
        subprocess.run([PYTHON, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    )
    for file in installed.rglob("*.py"):
        to = root / "monitoring" / file.relative_to(installed)
        if not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
    return root


@pytest.fixture(scope="module")
def pair(authority, tmp_path_factory):
    """Two instances that share a store."""
    store = tmp_path_factory.mktemp("pair") / "airspace.sqlite"
    with instance(authority, store, "uss1") as (_, first), instance(authority, store, "uss2") as (_, second):
        yield first, second


@pytest.fixture(scope="module")
def mock(tree, authority, pair, tokens_at, tmp_path_factory):
    """InterUSS's own service, as the third that others deal with."""
    home, port = tmp_path_factory.mktemp("mock"), free_port()
    env = {
        **os.environ, "PYTHONPATH": str(tree), "HOME": str(home),
        "MOCK_USS_AUTH_SPEC": f"DummyOAuth({tokens_at},mock_uss)", "MOCK_USS_DSS_URL": pair[0],
        "MOCK_USS_SERVICES": "scdsc,versioning,interaction_logging,flight_planning",
        "MOCK_USS_INTERACTIONS_LOG_DIR": str(home), "MOCK_USS_PUBLIC_KEY": str(authority.file),
        "MOCK_USS_TOKEN_AUDIENCE": "127.0.0.1", "MOCK_USS_BASE_URL": f"http://127.0.0.1:{port}",
        "MOCK_USS_PORT": str(port), "MOCK_USS_BEHAVIOR_LOCALITY": "CHE",
    }  # fmt: skip
    command = [
        PYTHON,
        "-m",
        "gunicorn",
        "--preload",
        "--config",
        str(tree / "monitoring/mock_uss/gunicorn.conf.py"),
        "--workers=1",
        "--threads=4",
        f"--bind=127.0.0.1:{port}",
        "monitoring.mock_uss.app:webapp",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log)
        with stopped(process):
            wait(f"http://127.0.0.1:{port}/status", process, 60.0)
            yield f"http://127.0.0.1:{port}"


def qualified(tree, name, text, tokens_at, out, *, validated=True):
    """Checks passed and failed of a configuration."""
    home = tree / "monitoring/uss_qualifier"
    (home / f"configurations/dev/{name}.yaml").write_text(text)
    env = {**os.environ, "PYTHONPATH": str(tree), "AUTH_SPEC": f"DummyOAuth({tokens_at},uss_qualifier)",
           "AUTH_SPEC_2": f"DummyOAuth({tokens_at},uss_qualifier_2)"}  # fmt: skip
    command = [PYTHON, "main.py", "--config", f"configurations.dev.{name}", "--output-path", str(out)]
    run = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, timeout=900, check=False)
    # loopback addresses fail the validation of a whole run, whose report is what counts
    assert run.returncode == 0 or not validated, run.stderr[-3_000:]
    passed, failed, errors = [], [], []
    _walk(json.loads((out / "report.json").read_text()), passed, failed, errors)
    assert not errors
    return passed, [one for one in failed if "publicly addressable" not in json.dumps(one)]


def _walk(node, passed, failed, errors):
    if isinstance(node, list):
        for one in node:
            _walk(one, passed, failed, errors)
    if not isinstance(node, dict):
        return
    passed += node["passed_checks"] if isinstance(node.get("passed_checks"), list) else []
    checks = node["failed_checks"] if isinstance(node.get("failed_checks"), list) else []
    failed += [one for one in checks if isinstance(one, dict)]  # elsewhere the report only points to them
    errors += [node["execution_error"]] if node.get("execution_error") else []
    for one in node.values():
        _walk(one, passed, failed, errors)


def test_discovery_of_f3548(tree, pair, tokens_at, shared, tmp_path):
    text = (shared / "validation/interuss/qualifier_dss_probing.yaml").read_text()
    text = text.replace("http://127.0.0.1:18082", pair[0]).replace("http://127.0.0.1:18083", pair[1])
    passed, failed = qualified(tree, "rabta_f3548", text, tokens_at, tmp_path / "out")
    assert not failed
    assert len(passed) >= 1_900  # 1,922 on 2026-11-23


def test_services_of_f3548(tree, pair, mock, authority, tokens_at, shared, tmp_path):
    """Our service in both tested roles, InterUSS's own beside it, over both instances of discovery."""
    text = (shared / "validation/interuss/qualifier_f3548_21.yaml").read_text()
    with (
        supplier(authority, tmp_path / "one", pair[0], tokens_at, "uss1") as (_, first),
        supplier(authority, tmp_path / "two", pair[1], tokens_at, "uss2") as (_, second),
    ):
        ports = ("18082", "18083", "18074", "18094", "18095")
        for port, address in zip(ports, (*pair, first, second, mock), strict=True):
            text = text.replace(f"http://127.0.0.1:{port}", address)
        passed, failed = qualified(tree, "rabta_services", text, tokens_at, tmp_path / "out", validated=False)
    assert not failed
    assert len(passed) >= 6_800  # 6,883 on 2026-11-23


@pytest.mark.parametrize(
    ("suite", "version", "path"), [("f3411_22a", "F3411-22a", "/rid/v2"), ("f3411_19", "F3411-19", "")]
)
def test_discovery_of_f3411(tree, pair, tokens_at, tmp_path, suite, version, path):
    text = RID.format(suite=suite, version=version, path=path, first=pair[0], second=pair[1])
    passed, failed = qualified(tree, f"rabta_{suite}", text, tokens_at, tmp_path / "out")
    assert not failed
    assert len(passed) >= 3_500  # 3,582 on 2026-11-23
