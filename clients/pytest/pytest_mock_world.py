"""A pytest plugin: each test that asks for `mock_world` has a world of the mock of its own."""  # noqa: INP001  # copied

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from mock_world import MockError, MockWorld

MOST_LETTERS = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the mock."""
    parser.addoption("--mock-url", default=os.environ.get("MOCK_URL"), help="The mock; without it, one is started.")


@pytest.fixture(scope="session")
def mock_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the mock is."""
    given = request.config.getoption("--mock-url")
    if given is not None:
        yield given
        return
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # nothing from outside
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            pytest.fail("The mock does not start; it has said above why not.")
        yield json.loads(line)["url"]
        process.terminate()


@pytest.fixture
def mock_world(mock_url: str, request: pytest.FixtureRequest) -> Iterator[MockWorld]:
    """A world that only this test sees; it is removed at the end."""
    world = MockWorld(mock_url, _name(request.node.nodeid), os.environ.get("MOCK_ADMIN_TOKEN"))
    _clear(world)
    # Makes it, so that it can be removed, and says at once when there is no mock.
    world.ask("GET", "clock")
    yield world
    world.remove()


def _clear(world: MockWorld) -> None:
    """Forget what a run that was killed has left under the name."""
    try:
        world.remove()
    except MockError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _name(test: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", test.rpartition("::")[2])[:MOST_LETTERS]
    digest = hashlib.sha256(test.encode()).hexdigest()[:8]
    return f"{words}-{digest}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
