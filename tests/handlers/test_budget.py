"""How much Python a request costs, from the ASGI callable to its answer, with a store that costs nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.security import Principal
from batch_exports.contract.spec import load_spec
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.keys import WRITE_SCOPE
from batch_exports.domain.throttles import RateLimits
from batch_exports.services import build_services
from batch_exports.services.throttle import ThrottleService
from handlers._problems import translate
from handlers._throttle import throttle
from mock_server.checks import MockChecks
from mock_server.memory.store import MemoryStore
from tests.builders import make_export, make_run
from tests.contract_layer.asgi import scope_of
from tests.contract_layer.calls import count_calls

EXPORT = make_export()
RUNS = [make_run(EXPORT) for _ in range(10)]
PRINCIPAL = Principal(id=str(uuid7()), scopes=frozenset({WRITE_SCOPE}), project_ids=frozenset({1}))
NEW = load_spec().document["components"]["examples"]["create_s3_export"]["value"]


class StillStore:
    """Always holds one export with ten runs; takes everything and keeps nothing."""

    def __init__(self):
        self.exports = self.runs = self.activity = self

    def read(self):
        return self

    write = read

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        return None

    async def get(self, project_id, export_id):
        return EXPORT

    async def latest(self, export_ids, per_export):
        return {EXPORT.id: RUNS}

    async def add(self, export):
        return None


class StillClock:
    def now(self):
        return datetime(2026, 11, 23, tzinfo=UTC)


async def authenticate(token):
    return PRINCIPAL if token == "phx_writer" else None


@pytest.fixture(scope="module")
def app():
    return build_app(resolve=HandlerResolver("handlers"), authenticate=authenticate, translate=translate)


@pytest.fixture(scope="module")
def state():
    return {
        "services": build_services(
            store=StillStore(),
            clock=StillClock(),
            new_id=uuid7,
            engine=None,
            checks=MockChecks(),
            egress=EgressPolicy(EgressMode.PUBLIC),
        )
    }


async def calls_of(app, state, method, target, body=b""):
    headers = [(b"authorization", b"Bearer phx_writer"), (b"content-type", b"application/json")]
    scope = scope_of(method, f"/api/projects/1/batch_exports/{target}", headers, state=state)
    statuses = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        statuses.append(message.get("status"))

    async def act():
        await app(scope, receive, send)

    await act()
    statuses.clear()
    return await count_calls(act), statuses[0]


async def test_showing_an_export_with_ten_runs_costs_at_most_55_calls(app, state):
    calls, status = await calls_of(app, state, "GET", f"{EXPORT.id}/")
    assert status == 200
    assert calls <= 55, calls


async def test_counting_a_request_of_a_key_costs_at_most_5_calls(app, state):
    throttled = build_app(
        resolve=HandlerResolver("handlers"), authenticate=authenticate, throttle=throttle, translate=translate
    )
    counter = ThrottleService(MemoryStore(), StillClock(), RateLimits())
    counted = {"services": replace(state["services"], throttle=counter)}
    without, _ = await calls_of(app, state, "GET", f"{EXPORT.id}/")
    calls, status = await calls_of(throttled, counted, "GET", f"{EXPORT.id}/")
    assert status == 200
    assert without < calls <= without + 5, (without, calls)


async def test_creating_an_export_costs_at_most_75_calls(app, state):
    calls, status = await calls_of(app, state, "POST", "", orjson.dumps(NEW))
    assert status == 201
    assert calls <= 75, calls
