"""Checks of what was asked."""

from functools import cache
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.journal.exchange import Exchange
from mock_server.journal.redaction import shown_body, shown_parameters
from mock_server.journal.verification import compare, verify
from tests.mock_server.http import EXPORT, EXPORTS, make_app
from tests.mock_server.journals import REQUESTS, VERIFY, listed, steering
from tests.mock_server.worlds import S3, START

NAMES = st.sampled_from(["a", "b", "a/b", "c~d", "password", "user"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "", "x", "***", '{"password":"y"}'])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
FIELDS = ("operation", "method", "path", "status", "query", "body")


@st.composite
def exchanges(draw, number=1):
    method, path, operation = draw(
        st.sampled_from(
            [("GET", EXPORTS, "list_exports"), ("POST", EXPORTS, "create_export"), ("GET", EXPORT, "get_export"),
             ("POST", "/__w/blue/nowhere", None)]
        )
    )  # fmt: skip
    query = draw(st.lists(st.tuples(NAMES, st.sampled_from(["", "x", "1", "é&="])), max_size=3))
    return Exchange(
        number=number,
        at=START,
        world="default",
        method=method,
        path=path,
        query=urlencode(query).encode(),
        operation=operation,
        request_headers=[],
        began=0.0,
        request_body=bytearray(draw(st.just(b"") | st.just(b"{") | st.builds(orjson.dumps, VALUES))),
        status=draw(st.sampled_from([200, 201, 400])),
    )


@st.composite
def journals(draw):
    return [draw(exchanges(number)) for number in range(1, draw(st.integers(1, 4)) + 1)]


@st.composite
def expectations(draw):
    """Something that may or may not have been asked, made of what one request could be."""
    one = draw(exchanges())
    whole = described(one) | {"body": draw(VALUES)}
    return {field: whole[field] for field in draw(st.sets(st.sampled_from(FIELDS), min_size=1)) if field in whole}


def described(exchange):
    """An exchange as it would be expected; a request without an operation has none to expect."""
    description = {
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
        "query": dict(shown_parameters(exchange.query)),
        "body": shown_body(exchange.request_body),
    }
    return {key: value for key, value in description.items() if key != "operation" or value is not None}


def changed(expected, difference):
    """An expectation with one thing changed: to what was found, or left out where nothing was."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in difference["field"].split("/")[1:]]
    return put(expected, steps, difference)


def put(value, steps, difference):
    if not steps:
        return difference["found"]
    step, *rest = steps
    if isinstance(value, list):
        return [put(each, rest, difference) if index == int(step) else each for index, each in enumerate(value)]
    if not rest and "found" not in difference:
        return {key: each for key, each in value.items() if key != step}
    return {**value, step: put(value[step], rest, difference)}


@given(journals(), st.data())
def test_whatever_was_asked_is_verified_by_its_own_description(journal, data):
    asked = data.draw(st.sampled_from(journal))
    whole = described(asked)
    fields = data.draw(st.sets(st.sampled_from(sorted(whole))))
    verdict = verify({field: whole[field] for field in fields}, journal)
    assert verdict["verified"], verdict
    assert verdict["nearest"] is None
    assert verdict["differences"] == []


@given(journals(), expectations())
def test_a_miss_names_what_to_change_for_the_nearest_request_to_agree(journal, expected):
    verdict = verify(expected, journal)
    if verdict["verified"]:
        assert any(not list(compare(expected, each)) for each in journal)
        return
    assert verdict["differences"]
    by_number = {each.number: each for each in journal}
    distances = {number: len(list(compare(expected, each))) for number, each in by_number.items()}
    assert distances[verdict["nearest"]] == len(verdict["differences"]) == min(distances.values())
    for number, difference in enumerate(verdict["differences"], 1):
        expected = changed(expected, difference)
        left = list(compare(expected, by_number[verdict["nearest"]]))
        assert len(left) == len(verdict["differences"]) - number
    assert verify(expected, journal)["verified"]


@given(st.integers(0, 4), st.integers(0, 3), st.none() | st.integers(0, 5), st.none() | st.integers(0, 5))
def test_counts_are_exact(matching, others, least, most):
    made = [("list_exports", number) for number in range(matching)] + [("get_run", number) for number in range(others)]
    journal = [
        Exchange(number, START, "default", "GET", EXPORTS, b"", operation, [], 0.0, status=200)
        for operation, number in made
    ]
    count = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    verdict = verify({"operation": "list_exports", "count": count}, journal)
    floor = least if least is not None else 1 if most is None else 0
    assert verdict["count"] == matching
    assert verdict["verified"] == (floor <= matching and (most is None or matching <= most))
    assert bool(verdict["differences"]) != verdict["verified"]


@given(VALUES.filter(lambda value: value is not None))
def test_a_body_that_is_not_there_agrees_with_nothing_but_null(value):
    journal = [Exchange(1, START, "default", "GET", EXPORTS, b"", None, [], 0.0, status=200)]
    assert not verify({"body": value}, journal)["verified"]
    assert verify({"body": None}, journal)["verified"]


@pytest.mark.parametrize(
    ("expected", "verified"),
    [
        ({"a": 1}, True),
        ({"a": 1.0}, True),
        ({"a": True}, False),
        ({}, True),
        ([], False),
        ({"b": [{"c": None}]}, True),
        ({"b": []}, False),
        ({"b": [{}]}, True),
        ({"d": None}, False),
        ({"password": "right"}, True),
        ({"password": "***"}, True),
        ({"password": "wrong"}, False),
    ],
)
def test_a_body_is_held_against_a_part_of_it(expected, verified):
    raw = bytearray(b'{"a": 1, "b": [{"c": null, "x": 1}], "password": "right"}')
    journal = [Exchange(1, START, "default", "POST", EXPORTS, b"", None, [], 0.0, request_body=raw, status=200)]
    verdict = verify({"body": expected}, journal)
    assert verdict["verified"] == verified
    assert "right" not in str(verdict)
    assert "wrong" not in str(verdict)


@cache
def asked_app():
    return make_app("empty")


async def asked(client):
    await client.delete(REQUESTS)
    await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
    await client.get(f"{EXPORTS}?limit=5&search=x")


@settings(deadline=None, max_examples=20)
@given(st.data())
async def test_what_the_list_shows_is_what_can_be_verified(data):
    async with steering(asked_app()) as client:
        await asked(client)
        shown = data.draw(st.sampled_from(await listed(client)))
        whole = {field: shown[field] for field in ("operation", "method", "path", "status")}
        whole["body"] = shown["request"]["body"]
        fields = data.draw(st.sets(st.sampled_from(sorted(whole))))
        answer = await client.post(VERIFY, json={field: whole[field] for field in fields})
    assert (answer.status_code, answer.json()["verified"]) == (200, True)


async def test_a_miss_is_a_409_that_says_in_what_the_nearest_request_differs():
    async with steering(asked_app()) as client:
        await asked(client)
        first = (await listed(client))[0]["number"]
        body = {"name": "Yours", "destination": {"config": {"aws_secret_access_key": "another"}}}
        answer = await client.post(VERIFY, json={"operation": "create_export", "status": 201, "body": body})
    assert answer.status_code == 409
    assert answer.json() == {
        "verified": False,
        "count": 0,
        "detail": "Expected at least 1 of such requests, found 0.",
        "nearest": first,
        "differences": [
            {"field": "/body/name", "expected": "Yours", "found": "Mine"},
            {"field": "/body/destination/config/aws_secret_access_key", "expected": "***", "found": "***"},
        ],
    }


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        ({"operation": "list_exports", "query": {"limit": "5"}}, 200),
        ({"operation": "list_exports", "query": {"limit": "6"}}, 409),
        ({"operation": "list_exports", "count": {"max": 0}}, 409),
        ({"operation": "get_run", "count": {"max": 0}}, 200),
        ({"operation": "get_run", "count": {"min": 0}}, 200),
        ({"method": "post", "count": {"min": 1, "max": 1}}, 200),
        ({"path": f"/__w/blue{EXPORTS}", "count": {"min": 2, "max": 2}}, 200),
        ({"count": {"min": 2, "max": 1}}, 400),
        ({"operation": "list_export"}, 400),
        ({"operatoin": "list_exports"}, 400),
    ],
)
async def test_an_expectation_is_met_missed_or_wrong(expected, status):
    async with steering(asked_app()) as client:
        await asked(client)
        answer = await client.post(VERIFY, json=expected)
    assert answer.status_code == status, answer.text


async def test_what_was_never_asked_is_missed_also_where_nothing_was():
    async with steering(make_app("empty")) as client:
        answer = await client.post(VERIFY, json={"operation": "list_exports"})
    assert answer.status_code == 409
    assert answer.json()["nearest"] is None
    assert answer.json()["differences"] == [{"field": "/count/min", "expected": 1, "found": 0}]


def test_of_requests_as_near_one_of_the_expected_kind_is_named_and_of_several_the_newest():
    def asked(number, operation, body):
        raw = bytearray(orjson.dumps(body))
        return Exchange(number, START, "default", "POST", EXPORTS, b"", operation, [], 0.0, request_body=raw)

    expected = {"operation": "create_export", "body": {"a": 1, "b": 2}}
    one, two = asked(1, "create_export", {"a": 2, "b": 3}), asked(2, "create_export", {"a": 3, "b": 4})
    other = asked(3, "list_exports", {"a": 1, "b": 3})
    nearer = asked(4, "list_exports", {"a": 1, "b": 2})
    assert verify(expected, [one, two, other])["nearest"] == 2
    assert verify(expected, [one, other])["nearest"] == 1
    assert verify(expected, [one, two, other, nearer])["nearest"] == 2


def test_a_request_of_the_expected_kind_is_nearer_than_a_later_one_of_another_however_much_it_differs():
    def asked(number, operation, method, body):
        raw = bytearray(orjson.dumps(body) if body else b"")
        return Exchange(number, START, "default", method, EXPORTS, b"", operation, [], 0.0, request_body=raw)

    made = asked(1, "create_export", "POST", {"a": 1, "b": 1, "c": 1, "d": 1})
    listed = asked(2, "list_exports", "GET", None)
    wanted = {"a": 2, "b": 2, "c": 2, "d": 2}
    assert verify({"operation": "create_export", "body": wanted}, [made, listed])["nearest"] == 1
    assert verify({"body": {"a": 2}}, [made, listed])["nearest"] == 1
