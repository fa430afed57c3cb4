"""What is timed in one process: what the mock adds to production's own path, and how quickly worlds are made."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Scope

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from benchmarks.mock.contestants import KEY
from benchmarks.requests.contest import Results
from benchmarks.requests.sample import COLLECTION, Sample, load_sample
from handlers._problems import translate
from mock_server.app import MockApp
from mock_server.control.app import Access, ControlApp
from mock_server.examples import answer_with_example
from mock_server.layers import MockLayer
from mock_server.library import Library
from mock_server.operations import Operations
from mock_server.personas import authenticate
from mock_server.sandboxes import Sandbox, Sandboxes
from mock_server.scenarios import create_validator
from mock_server.templates import Origin, Templates
from mock_server.world import WorldLimits

WORLDS = 1_000
WORLD = "benchmark"
_HEADERS = (
    (b"host", b"127.0.0.1:8010"),
    (b"authorization", f"Bearer {KEY}".encode()),
    (b"accept", b"*/*"),
    (b"user-agent", b"benchmark"),
    (b"x-mock-world", WORLD.encode()),
)


class Parts:
    """The mock, taken apart: its worlds, the application that it is, and production's inside of it."""

    def __init__(self) -> None:
        spec = load_spec()
        self.production = build_app(
            spec,
            resolve=HandlerResolver("handlers"),
            authenticate=authenticate,
            translate=translate,
            missing=answer_with_example,
        )
        operations = Operations(self.production.operations)
        templates = Templates(Library(), create_validator(spec), WorldLimits())
        self.sandboxes = Sandboxes(templates, Origin("typical"), most=10 * WORLDS, seconds=3_600)
        layer = MockLayer(self.production, operations, self.sandboxes, strict=False, require_world=False)
        control = ControlApp(self.sandboxes, operations, Access(), require_world=False)
        self.mock = MockApp(layer, control, self.sandboxes, lambda: None)
        self.sample = load_sample()

    @property
    def sandbox(self) -> Sandbox:
        """The world that requests name."""
        return self.sandboxes.use(WORLD)

    def begin(self) -> None:
        """Let that world begin anew."""
        self.sandboxes.begin(self.sandbox, self.sandboxes.origin)


async def added(parts: Parts, kind: str, rounds: int, count: int) -> Results:
    """CPU per request of the mock, and of production's application on the very same world, in turns."""
    results = Results()
    apps: dict[str, ASGIApp] = {"mock": parts.mock, "production": parts.production}
    for _ in range(rounds + 1):
        costs = {}
        for name in random.sample(list(apps), len(apps)):
            parts.begin()
            # The mock replaces these services by those of the world that is named; here both are the same.
            state = {"services": parts.sandbox.world.services}
            costs[name] = await _cost(apps[name], [_exchange(parts.sample, kind, state) for _ in range(count)])
        results.rounds.append(costs)
    del results.rounds[0]
    return results


def worlds(parts: Parts, scenario: str) -> dict[str, float]:
    """Median milliseconds that making a world takes, and beginning it anew, after the first of its scenario."""
    parts.sandboxes.use(f"{scenario}-first", scenario)
    names = [f"{scenario}-{number}" for number in range(WORLDS)]
    made = _milliseconds(lambda name: parts.sandboxes.use(name, scenario), names)
    sandboxes = [parts.sandboxes.use(name) for name in names]
    begun = _milliseconds(lambda each: parts.sandboxes.begin(each, each.origin), sandboxes)
    return {"made": made, "reset": begun}


def _milliseconds(act: Callable[[Any], object], subjects: Iterable[Any]) -> float:
    taken = []
    for subject in subjects:
        begin = time.perf_counter()
        act(subject)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e3


async def _cost(app: ASGIApp, exchanges: Sequence[tuple[Scope, Message]]) -> float:
    """Microseconds of CPU per request."""
    statuses: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    begin = time.process_time()
    for scope, message in exchanges:

        async def receive(message: Message = message) -> Message:
            return message

        await app(scope, receive, send)
    taken = time.process_time() - begin
    assert set(statuses) <= {200, 201}, set(statuses)
    return taken / len(exchanges) * 1e6


def _exchange(sample: Sample, kind: str, state: Mapping[str, Any]) -> tuple[Scope, Message]:
    body = orjson.dumps(sample.creation) if kind == "post" else b""
    path = sample.location if kind == "get" else COLLECTION
    headers = [*_HEADERS, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8010),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "root_path": "",
        "method": kind.upper(),
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers if body else list(_HEADERS),
        "state": dict(state),
    }
    return scope, {"type": "http.request", "body": body, "more_body": False}
