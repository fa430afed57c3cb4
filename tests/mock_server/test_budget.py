"""What the mock adds to production's own path, held as work: Python functions that a request enters or resumes.

What that comes to in time is measured by `python -m benchmarks.mock`.
"""

import orjson
import pytest

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from handlers._problems import translate
from mock_server.personas import authenticate
from tests.contract_layer.asgi import scope_of
from tests.contract_layer.calls import count_calls
from tests.mock_server.http import ADMIN, EXPORT, EXPORTS, make_app

NEW = load_spec().document["components"]["examples"]["create_s3_export"]["value"]


@pytest.fixture(scope="module")
def production():
    return build_app(resolve=HandlerResolver("handlers"), authenticate=authenticate, translate=translate)


async def calls_of(app, mock, method, path, body=b""):
    """The calls of the second of two such requests, for which all is warm, and how it was answered."""
    headers = [(b"authorization", ADMIN["Authorization"].encode()), (b"content-type", b"application/json")]
    statuses = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        statuses.append(message.get("status"))

    async def act():
        state = {"services": mock.world.services}
        await app(scope_of(method, path, [*headers, (b"x-mock-world", b"default")], state=state), receive, send)

    await act()
    statuses.clear()
    return await count_calls(act), statuses[0]


async def added(production, method, path, status, body=b""):
    """How many calls a request costs more than in production, over the same world."""
    mock = make_app()
    own, answered = await calls_of(production, mock, method, path, body)
    mocked, answered_by_mock = await calls_of(mock, mock, method, path, body)
    assert (answered, answered_by_mock) == (status, status)
    assert own < mocked
    return mocked - own


async def test_showing_an_export_costs_at_most_60_calls_more_than_in_production(production):
    assert await added(production, "GET", EXPORT, 200) <= 60


async def test_creating_an_export_costs_at_most_75_calls_more_than_in_production(production):
    assert await added(production, "POST", EXPORTS, 201, orjson.dumps(NEW)) <= 75
