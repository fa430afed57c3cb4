import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.checks import Checks
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.prefer import Preferences, override, read_preferences
from tests.mock_server.http import EXPORT, EXPORT_ID, EXPORTS, client_of, make_app, shared_app

SPEC = load_spec()
OPERATIONS = describe_operations(SPEC, HandlerResolver("handlers"))
CHECKS = Checks(SPEC)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_documented_status_can_be_asked_for(operation):
    for status, declared in operation.responses.items():
        answer = override(operation, Preferences(code=status))
        assert answer.status == int(status)
        assert answer.headers["Preference-Applied"] == f"code={status}"
        assert "X-Mock-Out-Of-Contract" not in answer.headers
        content = declared.get("content", {}).get("application/json")
        if content is None:
            assert answer.body == b""
        else:
            assert CHECKS.outgoing(content["schema"])._validator.is_valid(orjson.loads(answer.body))
        for name in declared.get("headers", {}):
            assert name in answer.headers or name == "X-Request-Id"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_named_example_can_be_asked_for(operation):
    for status in map(int, operation.responses):
        for name, example in operation.examples(status).items():
            both = override(operation, Preferences(code=str(status), example=name))
            assert (both.status, orjson.loads(both.body)) == (status, example)
            alone = override(operation, Preferences(example=name))
            assert name in operation.examples(alone.status)


@given(st.integers(0, 999) | st.text(max_size=5))
def test_another_status_is_marked_or_refused(code):
    operation = OPERATIONS[0]
    answer = override(operation, Preferences(code=str(code)))
    if str(code) in operation.responses:
        assert answer.status == int(code)
    elif str(code).isascii() and str(code).isdecimal() and (int(code) in (408, 429) or 500 <= int(code) <= 599):
        assert answer.status == int(code)
        assert answer.headers["X-Mock-Out-Of-Contract"] == "1"
        assert set(orjson.loads(answer.body)) == {"type", "code", "detail", "attr"}
    else:
        assert answer.status == 400
        assert "200" in orjson.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"prefer", b"code=404")], Preferences("404", None)),
        ([(b"prefer", b'Code = "404" , example=empty')], Preferences("404", "empty")),
        ([(b"prefer", b"respond-async"), (b"prefer", b"example=one")], Preferences(None, "one")),
        ([(b"prefer", b"code=404, code=500")], Preferences("404", None)),
        ([(b"prefer", b"return=minimal")], None),
        ([(b"accept", b"code=404")], None),
    ],
)
def test_preferences_are_read_as_the_standard_says(headers, expected):
    assert read_preferences(headers) == expected


async def test_an_overridden_request_touches_nothing():
    app = make_app()
    before = app.world.store.tables
    async with client_of(app) as client:
        answer = await client.delete(EXPORT, headers={"Prefer": "code=404"})
        assert answer.status_code == 404
        assert answer.headers["X-Mock-Source"] == "override"
        assert app.world.store.tables is before
        answer = await client.get(EXPORT)
        assert answer.status_code == 200
        assert answer.headers["X-Mock-Source"] == "handler"


async def test_an_unknown_example_is_answered_with_the_list_of_the_possible():
    async with client_of(shared_app()) as client:
        answer = await client.get(EXPORTS, headers={"Prefer": "code=200, example=nonsense"})
    assert answer.status_code == 400
    assert answer.json()["attr"] == "Prefer"
    operation = next(each for each in OPERATIONS if each.id == "list_exports")
    assert all(name in answer.json()["detail"] for name in operation.examples(200))


async def test_throttling_can_be_rehearsed():
    async with client_of(shared_app()) as client:
        answer = await client.get(EXPORT, headers={"Prefer": "code=429"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["type"] == "throttled_error"


async def test_strict_ignores_preferences():
    async with client_of(shared_app(strict=True)) as client:
        answer = await client.get(EXPORT, headers={"Prefer": "code=404"})
    assert answer.status_code == 200
    assert answer.json()["id"] == EXPORT_ID
    assert "Preference-Applied" not in answer.headers


async def test_a_path_outside_the_contract_stays_a_404():
    async with client_of(shared_app()) as client:
        answer = await client.get("/nowhere", headers={"Prefer": "code=200"})
    assert answer.status_code == 404
    assert answer.headers["X-Mock-Source"] == "handler"
