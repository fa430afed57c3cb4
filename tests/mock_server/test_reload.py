"""Fixtures that change while the mock serves them."""

import os
import time

import httpx
import pytest

from mock_server.app import create_app
from mock_server.library import Library
from mock_server.personas import KEYS
from mock_server.templates import Origin
from mock_server.watching import WARNING, FixtureWatch, WatchedApp
from tests.mock_server.http import EXPORTS, client_of
from tests.mock_server.test_process import first_line, mock_process

GOOD = """description: {}
projects: [One, Two]
exports:
  - id: 019cadd4-5620-7c3e-9a41-5d2f7b6c8e10
    created: -2d
    request: {{name: {}, interval: hour, destination: {{type: NoOp, config: {{}}}}}}
"""
BROKEN = "description: Mine, and\nprojects: ünl\n"
NEW = {"name": "New", "interval": "day", "destination": {"type": "NoOp", "config": {}}}
CONTROL = {"X-Mock-Admin": "1", "Host": "localhost"}


class Bench:
    """A mock with a watch on one file."""

    def __init__(self, folder):
        self.path, self.told = folder / "mine.yaml", []
        self.write(GOOD.format("Mine.", "First"))
        library = Library([folder])
        mock = create_app(Origin("mine"), library=library)
        self.watch = FixtureWatch(library, mock.reload, self.told.append)
        self.app = WatchedApp(mock, self.watch)

    def write(self, text):
        self.path.write_text(text)
        # Two writes may come within one tick of the file system's clock.
        os.utime(self.path, ns=(time.time_ns(), time.time_ns()))

    def change(self, text):
        self.write(text)
        self.watch.look()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


async def names(client, **headers):
    answer = await client.get(EXPORTS, headers=headers)
    return [row["name"] for row in answer.json()["results"]]


async def test_worlds_keep_their_state_when_a_file_changes_and_new_ones_begin_with_it(bench):
    async with client_of(bench.app) as client:
        await client.post(EXPORTS, json=NEW)
        bench.change(GOOD.format("Mine.", "Second"))
        assert await names(client) == ["New", "First"]
        assert await names(client, **{"X-Mock-World": "another"}) == ["Second"]
        await client.post("/__mock/reset", headers=CONTROL)
        assert await names(client) == ["Second"]


async def test_a_broken_file_keeps_the_last_good_one_and_every_answer_says_so_until_it_is_mended(bench):
    async with client_of(bench.app) as client:
        bench.change(BROKEN)
        for method, path in (("GET", EXPORTS), ("GET", "/nowhere"), ("GET", "/__mock/scenarios"), ("POST", EXPORTS)):
            warning = (await client.request(method, path, headers=CONTROL)).headers[WARNING]
            assert warning.startswith(f"{bench.path}:")
            assert warning.isascii()
        assert await names(client, **{"X-Mock-World": "another"}) == ["First"]
        bench.change(GOOD.format("Mine.", "Mended"))
        assert WARNING not in (await client.get(EXPORTS)).headers
        assert await names(client, **{"X-Mock-World": "third"}) == ["Mended"]


async def test_each_change_is_told_of_once(bench):
    bench.watch.look()
    assert bench.told == []
    bench.change(BROKEN)
    bench.watch.look()
    bench.change(GOOD.format("Mine.", "Mended"))
    bench.watch.look()
    assert len(bench.told) == 2
    assert f"{bench.path}:2: /projects: " in bench.told[0]


async def test_files_that_come_and_go_are_noticed(bench):
    async with client_of(bench.app) as client:
        other = bench.path.with_name("other.yaml")
        other.write_text(GOOD.format("Other.", "Other"))
        bench.watch.look()
        assert (await client.put("/__mock/scenario", json={"name": "other"}, headers=CONTROL)).status_code == 200
        other.unlink()
        bench.watch.look()
        assert (await client.put("/__mock/scenario", json={"name": "other"}, headers=CONTROL)).status_code == 404
        assert await names(client) == ["Other"]


async def test_the_scenario_that_new_worlds_begin_with_stays_when_its_file_goes_and_every_answer_says_so(bench):
    async with client_of(bench.app) as client:
        bench.path.unlink()
        bench.watch.look()
        answer = await client.get(EXPORTS, headers={"X-Mock-World": "new"})
        assert [row["name"] for row in answer.json()["results"]] == ["First"]
        assert "mine.yaml:1: /: the file is gone" in answer.headers[WARNING]
        assert (await client.post("/__mock/reset", headers=CONTROL)).status_code == 200
        bench.change(GOOD.format("Mine.", "Again"))
        assert await names(client, **{"X-Mock-World": "newer"}) == ["Again"]


async def test_a_warning_may_be_read_by_a_web_page(bench):
    async with client_of(bench.app, Origin="http://localhost:5173") as client:
        bench.change(BROKEN)
        answer = await client.get(EXPORTS)
    assert WARNING in answer.headers["Access-Control-Expose-Headers"]


def test_the_running_command_notices_a_change(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.format("Mine.", "First"))
    with mock_process("--fixtures", str(tmp_path), "--scenario", "mine", "--watch") as process:
        url = first_line(process).split()[3].rstrip(",")
        path.write_text(BROKEN)
        assert f"{path}:2: /projects: " in process.stderr.readline()
        answer = httpx.get(url + EXPORTS, headers={"Authorization": f"Bearer {KEYS['admin']}"})
        assert answer.headers[WARNING].startswith(f"{path}:2: /projects: ")
        assert [row["name"] for row in answer.json()["results"]] == ["First"]
        process.terminate()
        assert process.wait(timeout=30) == 0
