"""Which requests a fault rule hits, and what comes of them."""

import time
from datetime import timedelta
from functools import cache
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.checks import Checks
from batch_exports.contract.spec import load_spec
from mock_server.faults.book import FaultBook
from mock_server.faults.effects import FaultRuleError
from mock_server.journal.exchange import Exchange
from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app
from tests.mock_server.worlds import S3, START

OPERATIONS = ("list_exports", "get_export", "list_runs")
WORLDS = map("world-{}".format, count())
IS_ERROR = Checks(load_spec()).outgoing({"$ref": "#/components/schemas/Error"}).is_valid

statuses = st.integers(400, 599).map(lambda status: {"status": status})
pauses = st.sampled_from([{"status": 429, "retry_after": 2}, {"status": 503, "retry_after": 1}, {"latency_ms": 0}])
rules = st.fixed_dictionaries(
    {"do": statuses | pauses},
    optional={
        "match": st.fixed_dictionaries(
            {}, optional={"operation": st.sampled_from(OPERATIONS), "path": st.just("runs")}
        ),
        "times": st.integers(1, 3),
        "after": st.integers(0, 3),
        "probability": st.floats(0, 1),
        "seed": st.integers(0, 9),
    },
)


@cache
def quiet_app():
    """A mock whose worlds are each for one example."""
    return make_app("empty", max_worlds=10_000)


def hits(book, operation="get_export", times=1):
    return [book.hit(operation, "GET", f"/{operation}", START) is not None for _ in range(times)]


@given(
    times=st.integers(1, 8),
    after=st.integers(0, 8),
    asked=st.lists(st.sampled_from(OPERATIONS), max_size=60),
    seed=st.integers(0, 5),
)
def test_a_rule_hits_as_many_matching_requests_as_it_says_after_those_that_it_lets_pass(times, after, asked, seed):
    words = {"match": {"operation": "list_runs"}, "do": {"status": 500}, "times": times, "after": after}
    book = FaultBook.of([words], seed)
    hit = [
        hits(book, operation)[0] for operation in asked if operation == "list_runs" or not any(hits(book, operation))
    ]
    asked_for = [taken for taken, operation in zip(hit, asked, strict=True) if operation == "list_runs"]
    assert asked_for == [after <= number < after + times for number in range(len(asked_for))]
    rule = next(iter(book))
    assert (rule.matched, rule.applied) == (len(asked_for), sum(asked_for))


@given(probability=st.floats(0, 1), seed=st.integers(0, 2**53 - 1))
@settings(max_examples=25)
def test_chance_hits_about_the_share_of_requests_that_it_should_and_the_same_ones_each_time(probability, seed):
    words = {"do": {"status": 500}, "probability": probability, "seed": seed}
    first = hits(FaultBook.of([words]), times=1_000)
    # Six standard deviations of the widest binomial distribution.
    assert abs(sum(first) - 1_000 * probability) <= 6 * (1_000 * 0.25) ** 0.5
    other = FaultBook.of([{"do": {"status": 404}, "match": {"operation": "list_runs"}}, words], seed=1)
    hits(other, "list_runs", 10)
    assert hits(other, times=1_000) == first


def test_worlds_of_other_seeds_draw_other_requests_unless_the_rule_has_a_seed():
    words = {"do": {"status": 500}, "probability": 0.5}
    assert hits(FaultBook.of([words], 1), times=100) != hits(FaultBook.of([words], 2), times=100)


@given(st.lists(rules, max_size=4), st.lists(st.sampled_from(OPERATIONS), max_size=30))
def test_a_fork_goes_on_from_where_its_book_is_and_leaves_it_alone(given_rules, asked):
    book = FaultBook.of(given_rules)
    for operation in asked:
        hits(book, operation)
    fork, again = book.fork(), book.fork()
    before = [(rule.matched, rule.applied) for rule in book]
    assert [hits(fork, operation) for operation in asked] == [hits(again, operation) for operation in asked]
    assert [(rule.matched, rule.applied) for rule in book] == before


def test_the_first_rule_that_applies_decides_and_those_behind_it_do_not_count_the_request():
    book = FaultBook.of([{"do": {"status": 500}, "times": 2}, {"do": {"status": 503}, "times": 1}])
    found = [book.hit("get_export", "GET", "/", START) for _ in range(4)]
    assert [hit and hit.effect.status for hit in found] == [500, 500, 503, None]
    assert [rule.matched for rule in book] == [4, 2]


@pytest.mark.parametrize(
    ("do", "attr"),
    [
        ({"retry_after": 1}, "do"),
        ({"status": 500, "retry_after": 1}, "do__retry_after"),
        ({"latency_ms": 1, "retry_after": 1}, "do__retry_after"),
        ({"status": 500, "cut": "reset"}, "do__cut"),
        ({"latency_ms": "400..80"}, "do__latency_ms"),
        ({"latency_ms": "1..999999"}, "do__latency_ms"),
        ({"latency_ms": 1, "latency": {"median_ms": 1, "sigma": 0}}, "do__latency"),
    ],
)
def test_an_effect_that_makes_no_sense_is_refused(do, attr):
    with pytest.raises(FaultRuleError) as caught:
        FaultBook.of([{"do": do}])
    assert caught.value.attr == attr


@given(st.integers(0, 2**32))
def test_latencies_stay_in_their_range_and_scatter_around_their_median(seed):
    book = FaultBook.of([{"do": {"latency_ms": "80..400"}, "seed": seed}])
    assert all(0.08 <= book.hit("get_export", "GET", "/", START).wait <= 0.4 for _ in range(20))
    book = FaultBook.of([{"do": {"latency": {"median_ms": 120, "sigma": 0.5}}, "seed": seed}])
    waits = [book.hit("get_export", "GET", "/", START).wait for _ in range(200)]
    assert 60 <= sum(wait < 0.12 for wait in waits) <= 140
    assert len(set(waits)) == len(waits)


@given(given_rules=st.lists(rules, min_size=1, max_size=4), asked=st.lists(st.sampled_from(OPERATIONS), max_size=12))
@settings(max_examples=30)
async def test_whatever_the_rules_each_answer_is_an_error_of_the_contract_or_that_of_production(given_rules, asked):
    paths = {"list_exports": EXPORTS, "get_export": EXPORT, "list_runs": f"{EXPORT}runs/"}
    sandboxes, name = quiet_app()._sandboxes, next(WORLDS)
    for words in given_rules:
        sandboxes.use(name).world.faults.add(words)
    async with client_of(quiet_app(), **{"X-Mock-World": name}) as client:
        for operation in asked:
            answer = await client.get(paths[operation])
            if answer.headers["X-Mock-Source"] == "fault":
                assert IS_ERROR(answer.json())
                assert set(answer.json()) == {"type", "code", "detail", "attr"}
                assert answer.headers["X-Mock-Fault"].startswith("fault-")
                assert answer.headers["X-Mock-World"] == name
                assert answer.headers["X-Request-Id"]
                assert ("Retry-After" in answer.headers) >= (answer.status_code == 429)
            else:
                assert answer.status_code == (200 if operation == "list_exports" else 404)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, {"WWW-Authenticate": "Bearer", "X-Mock-Out-Of-Contract": None}),
        (404, {"X-Mock-Out-Of-Contract": None, "Allow": None}),
        (405, {"Allow": "DELETE, OPTIONS, PATCH, PUT", "X-Mock-Out-Of-Contract": "1"}),
        (418, {"X-Mock-Out-Of-Contract": "1"}),
        (429, {"RateLimit-Limit": "480", "RateLimit-Reset": "1", "Retry-After": "1", "X-Mock-Out-Of-Contract": None}),
    ],
)
async def test_a_fault_has_the_headers_of_its_status_and_says_when_the_contract_has_no_such(status, expected):
    app = make_app()
    app.world.faults.add({"do": {"status": status}})
    async with client_of(app) as client:
        answer = await client.get(EXPORT)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in expected} == expected


@given(st.lists(st.integers(0, 2), max_size=20))
@settings(max_examples=20)
async def test_the_rules_of_one_world_never_hit_another(asked):
    app, names = quiet_app(), [next(WORLDS) for _ in range(3)]
    app._sandboxes.use(names[1]).world.faults.add({"do": {"status": 503}})
    async with client_of(app) as client:
        for number in asked:
            answer = await client.get(EXPORTS, headers={"X-Mock-World": names[number]})
            assert answer.headers["X-Mock-World"] == names[number]
            assert answer.status_code == (503 if number == 1 else 200)


async def test_throttling_clears_when_the_time_of_the_world_says_so():
    app = make_app()
    app.world.faults.add({"do": {"status": 429, "retry_after": 3}, "match": {"operation": "get_export"}})
    async with client_of(app) as client:
        first = await client.get(EXPORT)
        advance(app, timedelta(seconds=1.5))
        second = await client.get(EXPORT)
        advance(app, timedelta(seconds=1.5))
        third = await client.get(EXPORT)
    assert [answer.status_code for answer in (first, second, third)] == [429, 429, 200]
    assert [answer.headers.get("Retry-After") for answer in (first, second, third)] == ["3", "2", None]
    assert first.json() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": "Request was throttled. Expected available in 3 seconds.",
        "attr": None,
    }


@pytest.mark.parametrize(
    ("limits", "codes"),
    [({}, [429, 200, 200, 200]), ({"times": 3}, [429, 429, 429, 200]), ({"times": 1}, [429, 200, 200, 200])],
)
async def test_a_client_that_waits_as_it_is_told_gets_through(limits, codes):
    app = make_app()
    app.world.faults.add({"do": {"status": 429}, **limits})
    seen = []
    async with client_of(app) as client:
        for _ in codes:
            answer = await client.get(EXPORT)
            seen.append(answer.status_code)
            advance(app, timedelta(seconds=int(answer.headers.get("Retry-After", 0))))
    assert seen == codes


async def test_a_rule_of_chance_is_never_over():
    app = make_app()
    app.world.faults.add({"do": {"status": 503, "retry_after": 1}, "probability": 0.5})
    async with client_of(app) as client:
        codes = []
        for _ in range(20):
            codes.append((await client.get(EXPORT)).status_code)
            advance(app, timedelta(seconds=1))
    assert set(codes[10:]) == {200, 503}


async def test_a_fault_that_answers_touches_no_state_and_is_in_the_journal():
    app = make_app()
    app.world.faults.add({"do": {"status": 500}, "times": 1})
    before = app.world.store.tables
    async with client_of(app) as client:
        answer = await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
    assert answer.status_code == 500
    assert app.world.store.tables is before
    noted = only_exchange(app)
    assert (noted.source, noted.fault, noted.status) == ("fault", "fault-1", 500)
    assert b"Mine" in noted.request_body


async def test_latency_is_waited_for_and_then_the_request_goes_on():
    app = make_app()
    app.world.faults.add({"do": {"latency_ms": 150}})
    async with client_of(app) as client:
        begin = time.monotonic()
        answer = await client.get(EXPORT)
        assert time.monotonic() - begin >= 0.15
    assert (answer.status_code, answer.headers["X-Mock-Source"]) == (200, "handler")
    assert answer.headers["X-Mock-Fault"] == "fault-1"


@pytest.mark.parametrize(
    ("prefer", "status", "shortest"), [("", 500, 0.25), ("code=404", 404, 0.15), ("delay=50", 200, 0.2)]
)
async def test_the_latency_of_a_mock_is_waited_for_whatever_decides(prefer, status, shortest):
    app = make_app(latency="150")
    app.world.faults.add({"do": {"status": 500, "latency_ms": 100}})
    async with client_of(app, Prefer=prefer) as client:
        begin = time.monotonic()
        assert (await client.get(EXPORT)).status_code == status
        assert time.monotonic() - begin >= shortest


def test_a_fork_of_a_book_keeps_waiting_beside_its_rules():
    book = FaultBook.of([{"do": {"status": 500}, "times": 1}])
    book.add({"do": {"latency_ms": 150}}, decides=False)
    fork = book.fork()
    for each in (book, fork):
        found = [each.hit("get_export", "GET", "/", START) for _ in range(2)]
        assert [(hit.rule, hit.effect.status, hit.wait) for hit in found] == [
            ("fault-1", 500, 0.15),
            ("fault-2", None, 0.15),
        ]


@pytest.mark.parametrize("path", ["/healthz", "/openapi.yaml", "/docs/", "/nowhere", "/__mock/openapi.json"])
async def test_what_is_no_operation_is_never_hit(path):
    app = make_app()
    app.world.faults.add({"do": {"status": 418}})
    async with client_of(app) as client:
        assert (await client.get(path)).status_code != 418


async def test_preflights_are_never_hit():
    app = make_app()
    app.world.faults.add({"do": {"status": 418}})
    asked = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "GET"}
    async with client_of(app, **asked) as client:
        assert (await client.options(EXPORT)).status_code == 200
    assert next(iter(app.world.faults)).matched == 0


async def test_browsers_may_read_a_fault():
    app = make_app()
    app.world.faults.add({"do": {"status": 503}})
    async with client_of(app, Origin="http://localhost:5173") as client:
        answer = await client.get(EXPORT)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "X-Mock-Fault" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_strict_mock_has_no_faults():
    app = make_app(strict=True)
    app.world.faults.add({"do": {"status": 503}})
    async with client_of(app) as client:
        assert (await client.get(EXPORT)).status_code == 200


async def test_all_worlds_have_the_rules_that_the_mock_was_started_with():
    app = make_app("empty", chaos="offline", latency="0..1")
    steer = {"X-Mock-Admin": "1", "Host": "localhost", "X-Mock-World": "mine"}
    async with client_of(app) as client:
        for _ in range(2):
            shown = (await client.get("/__mock/faults", headers=steer)).json()["results"]
            assert [rule["do"] for rule in shown] == [{"cut": "reset"}, {"latency_ms": "0..1"}]
            await client.delete("/__mock/faults", headers=steer)
            await client.post("/__mock/reset", headers=steer)


def only_exchange(app) -> Exchange:
    [noted] = app._sandboxes.use("default").journal
    return noted
