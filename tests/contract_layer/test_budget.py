import orjson
import pytest

from tests.contract_layer.asgi import scope_of
from tests.contract_layer.calls import count_calls
from tests.contract_layer.lab import JSON, MANY, NEW, ONE

HEADERS = [(b"authorization", b"Bearer writer"), (b"user-agent", b"lab"), (b"accept", b"*/*"), JSON]


async def calls_of(app, method, target, body=b""):
    scope = scope_of(method, target, HEADERS)
    statuses = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        statuses.append(message.get("status"))

    async def act():
        await app(scope, receive, send)

    calls = await count_calls(act)
    return calls, statuses[0]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "budget"),
    [("GET", ONE, b"", 200, 22), ("POST", MANY, orjson.dumps(NEW), 201, 30)],
)
async def test_a_request_stays_within_its_budget_of_python_calls(app, method, target, body, status, budget):
    calls, answered = await calls_of(app, method, target, body)
    assert answered == status
    assert calls <= budget


async def test_the_count_sees_every_call():
    def inner():
        return None

    async def act():
        for _ in range(10):
            inner()

    assert await count_calls(act) == 10


async def test_a_longer_list_of_runs_costs_no_more_calls(app):
    first, _ = await calls_of(app, "GET", ONE)
    again, _ = await calls_of(app, "GET", ONE)
    assert first == again
