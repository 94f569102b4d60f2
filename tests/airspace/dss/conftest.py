"""A PostgreSQL of the tests' own, and instances on either store."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.airspace.conftest import free_port, instance


@dataclass
class Cluster:
    """A server with its files in a temporary folder, run by a user who is not root."""

    programs: Path
    folder: Path
    port: int
    user: str | None = None
    process: subprocess.Popen | None = None

    def _as(self):
        if self.user is None:
            return {}
        held = pwd.getpwnam(self.user)
        return {"user": held.pw_uid, "group": held.pw_gid, "extra_groups": []}

    def make(self):
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        command = [
            self.programs / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "rabta",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as())

    def start(self):
        where = ["-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", self.folder]
        command = [self.programs / "postgres", *where]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.folder, **self._as())
        import psycopg

        until = time.monotonic() + 30.0
        while time.monotonic() < until:
            with contextlib.suppress(psycopg.Error), psycopg.connect(self.url("postgres"), connect_timeout=2):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2_000:])

    def stop(self, how=signal.SIGINT):
        """End it at once, by its own id: open connections are cut."""
        self.process.send_signal(how)
        self.process.wait(30)

    def url(self, name):
        return f"postgresql://rabta@127.0.0.1:{self.port}/{name}"

    def database(self):
        import psycopg

        name = f"airspace_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _programs():
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((one for one in reversed(folders) if (one / "initdb").exists()), None)


@contextlib.contextmanager
def cluster():
    programs = _programs()
    if programs is None:
        warnings.warn(
            "NO POSTGRESQL: the store of several instances is not tested", UserWarning, stacklevel=1
        )
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    user = ("postgres" if any(one.pw_name == "postgres" for one in pwd.getpwall()) else "nobody") \
        if os.geteuid() == 0 else None  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="rabta-pg-"))
    made = Cluster(programs, folder, free_port(), user)
    try:
        made.make()
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    """A server for all tests that do not stop it."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def served(request, authority, tmp_path_factory):
    """Address of one instance on each store, for tests that use volumes of their own."""
    if request.param == "sqlite":
        store = tmp_path_factory.mktemp("served") / "airspace.sqlite"
    else:
        store = request.getfixturevalue("postgres").database()
    with instance(authority, store) as (_, url):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """A store that several instances share."""
    if request.param == "sqlite":
        return tmp_path / "airspace.sqlite"
    return request.getfixturevalue("postgres").database()
