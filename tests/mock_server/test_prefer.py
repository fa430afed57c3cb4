import time
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.checks import Checks
from batch_exports.contract.errors import ApiError
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.request import Request
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.faults.effects import Cut
from mock_server.prefer import Preferences, preferences_in, read_preferences, replacement, without_preferences
from tests.mock_server.http import EXPORT, EXPORT_ID, EXPORTS, client_of, make_app, shared_app
from tests.mock_server.worlds import S3, START

SPEC = load_spec()
OPERATIONS = describe_operations(SPEC, HandlerResolver("handlers"))
CHECKS = Checks(SPEC)
KNOWN = ("code", "example", "dynamic", "seed", "delay", "fault")


def override(operation, preferences, host="localhost:8000", world=""):
    path = f"{world}{EXPORTS}"
    headers = [(b"host", host.encode())]
    scope = {"type": "http", "method": "GET", "scheme": "http", "path": path, "root_path": world, "headers": headers}
    return replacement(operation, preferences, Request(scope, None), seed=1, now=START)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_documented_status_can_be_asked_for(operation):
    for status, declared in operation.responses.items():
        answer = override(operation, Preferences(code=status))
        assert answer.status == int(status)
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


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
@pytest.mark.parametrize("world", ["", "/__w/mine"])
def test_no_example_leads_elsewhere(operation, world):
    for status in map(int, operation.responses):
        for name in [None, *operation.examples(status)]:
            answer = override(operation, Preferences(code=str(status), example=name), "mock.test:81", world)
            text = answer.body.decode() + answer.headers.get("Location", "")
            assert "localhost:8000" not in text
            assert text.count("http://mock.test:81/") == text.count(f"http://mock.test:81{world}/api/projects/")


@pytest.mark.parametrize("world", ["", "/__w/mine"])
async def test_the_links_of_an_example_lead_to_where_it_was_asked_for(world):
    async with client_of(make_app()) as client:
        page = await client.get(f"{world}{EXPORTS}", headers={"Prefer": "code=200"})
        made = await client.post(f"{world}{EXPORTS}", headers={"Prefer": "code=201"})
        assert page.json()["next"] == f"http://mock.test{world}{EXPORTS}?limit=1&offset=1"
        assert made.headers["Location"] == f"http://mock.test{world}{EXPORT}"
        assert (await client.get(page.json()["next"])).status_code == 200
        assert (await client.get(made.headers["Location"])).json()["id"] == EXPORT_ID


@given(st.integers(0, 999) | st.text(max_size=5))
def test_another_status_is_marked_or_refused(code):
    operation, text = OPERATIONS[0], str(code)
    if text in operation.responses:
        assert override(operation, Preferences(code=text)).status == int(text)
    elif text.isascii() and text.isdecimal() and (int(text) in (408, 429) or 500 <= int(text) <= 599):
        answer = override(operation, Preferences(code=text))
        assert answer.status == int(text)
        assert answer.headers["X-Mock-Out-Of-Contract"] == "1"
        assert set(orjson.loads(answer.body)) == {"type", "code", "detail", "attr"}
    else:
        with pytest.raises(ApiError, match="200") as caught:
            override(operation, Preferences(code=text))
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("header", "query", "expected"),
    [
        (b"code=404", b"", Preferences(code="404")),
        (b'Code = "404" , example=empty', b"", Preferences(code="404", example="empty")),
        (b"respond-async; wait=10, example=one; x=1", b"", Preferences(example="one")),
        (b"code=404, code=500", b"", Preferences(code="404")),
        (b"dynamic, seed=7", b"", Preferences(dynamic=True, seed=7)),
        (b"dynamic=false", b"", Preferences()),
        (b"delay=800, fault=reset", b"", Preferences(delay=800, fault=Cut.RESET)),
        (b"return=minimal", b"", None),
        (b"", b"page_size=1&__code=404&__delay=5", Preferences(code="404", delay=5)),
        (b"code=500", b"__code=404&__example=long%20name", Preferences(code="500", example="long name")),
        (b"", b"code=404&__other=1&x__code=3", None),
    ],
)
def test_preferences_are_read_as_the_standard_says(header, query, expected):
    given_ones = preferences_in([(b"accept", b"code=404"), (b"prefer", header)], query)
    assert (read_preferences(given_ones) if given_ones else None) == expected


names = st.sampled_from([*(f"__{name}" for name in KNOWN), "__other", "page_size", "code", ""])
pairs = st.tuples(names, st.text(st.characters(codec="latin-1"), max_size=5))


@given(st.lists(pairs, max_size=8))
def test_the_query_that_production_sees_is_that_of_the_client_without_preferences(fields):
    kept = [field for field in fields if field[0].removeprefix("__") not in KNOWN or not field[0].startswith("__")]
    assert without_preferences(urlencode(fields).encode()) == urlencode(kept).encode()


@pytest.mark.parametrize(
    ("preference", "possible"),
    [
        ("dynamic=maybe", "true or false"),
        ("seed=-1", "a number"),
        ("seed=9999999999999999999999", "a number"),
        ("delay=soon", "milliseconds"),
        ("delay=600001", "600000"),
        ("delay=\u00b2", "milliseconds"),
        ("fault=bite", "reset, empty, stall, truncate, dribble"),
        ("fault=", "reset"),
        ("code=200, example=nonsense", "examples are"),
        ("code=teapot", "contract declares"),
        ("example=nonsense", "examples are"),
        ("dynamic=true, example=empty", "not for both"),
    ],
)
async def test_a_malformed_preference_is_refused_with_what_is_possible(preference, possible):
    async with client_of(shared_app()) as client:
        by_header = await client.get(EXPORTS, headers={"Prefer": preference.encode("latin-1")})
        fields = {f"__{name}": text for name, _, text in (each.partition("=") for each in preference.split(", "))}
        by_query = await client.get(EXPORTS, params=fields)
    for answer in (by_header, by_query):
        assert (answer.status_code, answer.json()["attr"]) == (400, "Prefer")
        assert possible in answer.json()["detail"]
        assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("cut", ["truncate", "dribble"])
async def test_only_what_has_a_body_can_lose_some_of_it(cut):
    async with client_of(make_app()) as client:
        for send in (client.delete, client.head):
            answer = await send(EXPORT, headers={"Prefer": f"fault={cut}"})
            assert answer.status_code == 400
        assert (await client.get(EXPORT)).status_code == 200


async def test_a_dynamic_answer_is_the_same_for_the_same_seed_and_no_other():
    async with client_of(make_app()) as client:
        texts = [
            (await client.get(EXPORT, headers={"Prefer": f"dynamic=true{seed}"})).content
            for seed in (", seed=7", ", seed=7", ", seed=8", "", "")
        ]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


async def test_a_dynamic_answer_may_be_asked_for_in_the_address_bar():
    async with client_of(shared_app()) as client:
        answer = await client.get(f"{EXPORT}?__dynamic=true&__seed=7&page_size=nonsense")
    assert answer.headers["Preference-Applied"] == "dynamic=true, seed=7"
    assert answer.headers["X-Mock-Source"] == "override"
    assert answer.json()["team_id"] == 1


async def test_an_error_is_never_made_up():
    async with client_of(shared_app()) as client:
        answer = await client.get(EXPORT, headers={"Prefer": "dynamic=true, code=404"})
    assert answer.json()["code"] == "not_found"


async def test_a_delay_is_waited_for_and_then_the_request_goes_on_without_its_preferences():
    async with client_of(make_app()) as client:
        begin = time.monotonic()
        answer = await client.get(f"{EXPORTS}?__delay=150&limit=1")
        assert time.monotonic() - begin >= 0.15
        assert len(answer.json()["results"]) == 1
        assert "__delay" not in answer.json()["next"]
        assert answer.headers["Preference-Applied"] == "delay=150"
        assert answer.headers["X-Mock-Source"] == "handler"
        body = {"name": "Mine", "interval": "hour", "destination": S3}
        made = await client.post(EXPORTS, json=body, headers={"Prefer": "delay=1"})
        assert (await client.get(made.headers["Location"])).json()["name"] == "Mine"


async def test_a_request_that_asks_for_its_answer_is_not_counted_by_rules():
    app = make_app()
    app.world.faults.add({"do": {"status": 503}})
    async with client_of(app) as client:
        assert (await client.get(EXPORT, headers={"Prefer": "code=404"})).status_code == 404
    assert next(iter(app.world.faults)).matched == 0


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
