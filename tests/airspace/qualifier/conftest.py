"""InterUSS's qualifier and its own service, started for real against ours.

It needs Python 3.13 and an environment of its own, which RABTA_QUALIFIER_PYTHON names (`.ci/run` makes one).
The YAML of version 0.34 comes from the reference inputs; what is run is what its authors wrote.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.airspace.conftest import free_port, instance, stopped, wait

PYTHON = os.environ.get("RABTA_QUALIFIER_PYTHON", "")


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
    services = "scdsc,versioning,interaction_logging,flight_planning"
    with mocked(tree, authority, pair, tokens_at, tmp_path_factory.mktemp("mock"), services) as url:
        yield url


@contextlib.contextmanager
def mocked(tree, authority, pair, tokens_at, home, services, **more):
    """A process of InterUSS's own service."""
    port = free_port()
    env = {
        **os.environ, "PYTHONPATH": str(tree), "HOME": str(home),
        "MOCK_USS_AUTH_SPEC": f"DummyOAuth({tokens_at},mock_uss)", "MOCK_USS_DSS_URL": pair[0],
        "MOCK_USS_SERVICES": services,
        "MOCK_USS_INTERACTIONS_LOG_DIR": str(home), "MOCK_USS_PUBLIC_KEY": str(authority.file),
        "MOCK_USS_TOKEN_AUDIENCE": "127.0.0.1", "MOCK_USS_BASE_URL": f"http://127.0.0.1:{port}",
        "MOCK_USS_PORT": str(port), "MOCK_USS_BEHAVIOR_LOCALITY": "CHE", **more,
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
    run = subprocess.run(
        command, cwd=home, env=env, capture_output=True, text=True, timeout=1_800, check=False
    )
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
