"""Stores that fail: nothing that was answered is lost, what cannot be answered is said so, and it goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import threading
import time
import uuid

import httpx
import pytest
from tests.airspace.conftest import circle, instance, intent
from tests.airspace.dss.conftest import cluster

from rabta.airspace.store import opened
from rabta.errors import RabtaError

PATH = "/dss/v1/operational_intent_references/"


async def write(client, address, headers, column, answers, until):
    """Intents one after another; what each was answered, and when."""
    row = 0
    while not until.is_set() and row < 3_000:
        row += 1
        me, body = str(uuid.uuid4()), intent(circle(30.0 + column / 100, 70.0 + row / 100))
        try:
            answer = await client.put(address + PATH + me, json=body, headers=headers)
        except httpx.HTTPError:
            answers.append((time.monotonic(), me, address, 0, ""))
            return
        answers.append((time.monotonic(), me, address, answer.status_code, answer.text[:200]))
        if answer.status_code == 503:
            await asyncio.sleep(0.05)


async def under_load(addresses, headers, meanwhile):
    """Answers to writers at each address while something happens in a thread."""
    answers, until = [], asyncio.Event()
    async with httpx.AsyncClient(timeout=30.0) as client:
        tasks = [asyncio.create_task(write(client, one, headers, 3 * k + n, answers, until))
                 for k, one in enumerate(addresses) for n in range(3)]  # fmt: skip
        await asyncio.to_thread(meanwhile, answers)
        until.set()
        await asyncio.gather(*tasks)
    return answers


def reached(answers, count, patience_s=60.0):
    """Wait until so many were accepted."""
    until = time.monotonic() + patience_s
    while sum(one[3] == 201 for one in [*answers]) < count:
        assert time.monotonic() < until, answers[-3:]
        time.sleep(0.01)


def all_there(address, headers, answers):
    with httpx.Client(headers=headers, timeout=10.0) as client:
        for _, me, _, status, _ in answers:
            if status == 201:
                assert client.get(address + PATH + me).status_code == 200


def test_one_of_three_instances_is_killed_at_peak(authority, postgres):
    store, headers = postgres.database(), authority.headers("uss1")
    with (instance(authority, store, "a") as (victim, first), instance(authority, store, "b") as (_, second),
          instance(authority, store, "c") as (_, third)):  # fmt: skip
        killed = []

        def kill(answers):
            reached(answers, 150)
            victim.kill()
            killed.append(time.monotonic())
            reached(answers, sum(one[3] == 201 for one in [*answers]) + 150)

        answers = asyncio.run(under_load([first, second, third], headers, kill))
        assert {one[3] for one in answers if one[2] != first} == {201}
        after = min(one[0] for one in answers if one[0] > killed[0] and one[2] != first and one[3] == 201)
        print(f"\nothers go on {1e3 * (after - killed[0]):.0f} ms after one was killed")
        for address in (second, third):
            all_there(address, headers, answers)


def test_a_database_that_restarts_under_load(authority):
    headers = authority.headers("uss1")
    with cluster() as server:
        store = server.database()
        with instance(authority, store, "a") as (_, first), instance(authority, store, "b") as (_, second):
            back = []

            def restart(answers):
                reached(answers, 100)
                server.stop()
                time.sleep(0.5)
                server.start()
                back.append(time.monotonic())
                reached(answers, sum(one[3] == 201 for one in [*answers]) + 100)

            answers = asyncio.run(under_load([first, second], headers, restart))
            refused = [one for one in answers if one[3] != 201]
            assert {one[3] for one in refused} == {503}
            assert all("the store does not answer" in one[4] for one in refused)
            assert not any("@127.0.0.1" in one[4] for one in refused)
            after = min(one[0] for one in answers if one[0] > back[0] and one[3] == 201)
            print(f"\n{len(refused)} refused; on {1e3 * (after - back[0]):.0f} ms after the database is back")
            for address in (first, second):
                all_there(address, headers, answers)
            mine = next(one[1] for one in answers if one[3] == 201)
            again = httpx.put(second + PATH + mine, json=intent(circle(30.0, 70.0)), headers=headers)
            assert again.status_code == 409  # what was there before is known after


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small disk here: {made.stderr.decode()[:80]}")
    yield folder
    subprocess.run([shutil.which("umount"), "-l", folder], check=True)


def test_a_disk_that_is_full(authority, small_disk):
    headers = authority.headers("uss1")
    filler = small_disk / "filler"
    with instance(authority, small_disk / "airspace.sqlite") as (_, url):
        done = []

        def put(row):
            me = str(uuid.uuid4())
            answer = httpx.put(url + PATH + me, json=intent(circle(30.0, 70.0 + row / 100)), headers=headers)
            if answer.status_code == 201:
                done.append((0.0, me, url, 201, ""))
            return answer

        for row in range(20):
            assert put(row).status_code == 201
        filler.write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - 16_384))
        answers = [put(100 + row) for row in range(60)]
        full = [one for one in answers if one.status_code != 201]
        assert full
        assert {one.status_code for one in full} == {503}
        assert "the store does not answer" in full[0].json()["message"]
        all_there(url, headers, done)  # it still tells what it knows
        filler.unlink()
        assert put(200).status_code == 201
        all_there(url, headers, done)


def test_a_file_of_a_newer_version_is_not_touched(tmp_path):
    file = tmp_path / "airspace.sqlite"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(RabtaError, match="newer version"):
        opened(str(file))
    file.write_bytes(b"no database at all " * 100)
    with pytest.raises(RabtaError, match="cannot be opened"):
        opened(str(file))


def test_a_lock_is_waited_for(authority, tmp_path):
    file = tmp_path / "airspace.sqlite"
    with instance(authority, file) as (_, url):
        db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        db.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, lambda: db.execute("COMMIT"))
        timer.start()
        answer = httpx.put(url + PATH + str(uuid.uuid4()), json=intent(circle(30.0, 70.0)),
                           headers=authority.headers("uss1"), timeout=20.0)  # fmt: skip
        timer.join()
        db.close()
        assert answer.status_code == 201
