"""Worlds by name: made at their first use, alone with what they hold, and forgotten when nobody asks for them."""

import asyncio
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError
from batch_exports.contract.spec import load_spec
from mock_server.clock import frozen_clock
from mock_server.library import Library
from mock_server.sandboxes import Sandboxes
from mock_server.scenarios import create_validator
from mock_server.templates import Origin, Templates
from mock_server.world import WorldLimits
from tests.mock_server.http import EXPORT, EXPORTS, client_of, make_app
from tests.mock_server.worlds import S3, START


class Stopwatch:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def make_sandboxes(most=3, seconds=60.0):
    templates = Templates(Library(), create_validator(load_spec()), WorldLimits(), clock=frozen_clock(START))
    watch = Stopwatch()
    return Sandboxes(templates, Origin("empty"), most=most, seconds=seconds, monotonic=watch), watch


def test_a_name_is_always_the_same_world_and_another_name_is_another():
    sandboxes, _ = make_sandboxes()
    assert sandboxes.use("a") is sandboxes.use("a")
    assert sandboxes.use("a").world is not sandboxes.use("b").world
    assert [each.name for each in sandboxes] == ["a", "b"]


def test_of_too_many_worlds_those_go_that_nobody_asked_for_and_none_that_is_in_use():
    sandboxes, watch = make_sandboxes(most=3, seconds=60)
    for name in "abc":
        sandboxes.use(name)
    with pytest.raises(ApiError) as refusal:
        sandboxes.use("d")
    assert (refusal.value.status, refusal.value.code) == (429, "too_many_worlds")
    watch.seconds = 50
    sandboxes.use("b")
    watch.seconds = 61
    sandboxes.use("d")
    assert [each.name for each in sandboxes] == ["b", "d"]


def test_worlds_that_nobody_asked_for_are_forgotten_before_there_are_too_many():
    sandboxes, watch = make_sandboxes(most=100, seconds=60)
    for name in "abc":
        sandboxes.use(name)
    watch.seconds = 61
    sandboxes.use("d")
    assert [each.name for each in sandboxes] == ["d"]


def test_a_world_that_was_removed_begins_anew():
    sandboxes, _ = make_sandboxes()
    before = sandboxes.use("a")
    assert sandboxes.remove("a")
    assert not sandboxes.remove("a")
    assert sandboxes.use("a") is not before


ACTIONS = st.sampled_from(["create", "list", "rename", "run", "delete", "unknown", "reset"])


async def act(client, action, number):
    """One step of a client; what it is told."""
    listed = (await client.get(EXPORTS)).json()["results"]
    mine = [export["id"] for export in listed if export["name"].startswith("Mine")]
    last = f"{EXPORTS}{mine[0]}/" if mine else EXPORT
    if action == "create":
        answer = await client.post(EXPORTS, json={"name": f"Mine {number}", "interval": "hour", "destination": S3})
    elif action == "rename":
        answer = await client.patch(last, json={"name": f"Mine {number} renamed"})
    elif action == "run":
        bounds = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-03-01T03:00:00Z"}
        answer = await client.post(f"{last}backfills/", json=bounds)
    elif action == "delete":
        answer = await client.delete(last)
    elif action == "reset":
        answer = await client.post("/__mock/reset", headers={"X-Mock-Admin": "1"})
    else:
        answer = await client.get(EXPORTS if action == "list" else f"{EXPORTS}00000000-0000-7000-8000-000000000000/")
    shown = {name: value for name, value in answer.headers.items() if name not in ("date", "x-mock-world")}
    return answer.status_code, shown, answer.content


@cache
def apps():
    """Two mocks that begin alike."""
    return make_app(), make_app()


async def play(app, world, script):
    """What a client of one new world is told, step by step; others come in between."""
    told = []
    async with client_of(app, **{"X-Mock-World": world, "Host": "localhost"}) as client:
        await client.delete(f"/__mock/worlds/{world}", headers={"X-Mock-Admin": "1"})
        for number, action in enumerate(script):
            told.append(await act(client, action, number))
            await asyncio.sleep(0)
    return told


@settings(max_examples=15)
@given(st.lists(st.lists(ACTIONS, min_size=1, max_size=6), min_size=2, max_size=5))
async def test_clients_in_worlds_of_their_own_are_told_what_each_would_be_told_alone(scripts):
    together, alone = apps()
    plays = [(f"w{number}", script) for number, script in enumerate(scripts)]
    shared = await asyncio.gather(*(play(together, *each) for each in plays))
    assert [await play(alone, *each) for each in plays] == shared


async def test_what_one_world_changes_no_other_shows_whichever_way_it_is_named():
    app = make_app("empty")
    body = {"name": "Mine", "interval": "hour", "destination": S3}
    async with client_of(app) as client:
        assert (await client.post(EXPORTS, json=body, headers={"X-Mock-World": "w1"})).status_code == 201
        key = client.headers["Authorization"]
        ways = [
            ("", {"X-Mock-World": "w1"}),
            ("/__w/w1", {}),
            ("", {"Cookie": "mock_world=w1"}),
            ("", {"Authorization": f"{key}.w1"}),
        ]
        for prefix, headers in ways:
            answer = await client.get(f"{prefix}{EXPORTS}", headers=headers)
            assert (answer.json()["count"], answer.headers["X-Mock-World"]) == (1, "w1")
        for headers in ({}, {"X-Mock-World": "w2"}):
            assert (await client.get(EXPORTS, headers=headers)).json()["count"] == 0


async def test_pages_of_a_world_in_the_path_lead_to_the_same_world():
    async with client_of(make_app()) as client:
        page = (await client.get(f"/__w/w1{EXPORTS}?limit=2")).json()
        assert page["next"].startswith("http://mock.test/__w/w1/api/projects/1/batch_exports/?")
        assert (await client.get(page["next"])).json()["count"] == page["count"]


async def test_a_header_says_in_which_scenario_a_world_begins():
    async with client_of(make_app(), **{"X-Mock-Scenario": "empty"}) as client:
        assert (await client.get(EXPORTS, headers={"X-Mock-World": "new"})).json()["count"] == 0
        unknown = await client.get(EXPORTS, headers={"X-Mock-World": "other", "X-Mock-Scenario": "nonsense"})
    assert (unknown.status_code, unknown.json()["attr"]) == (400, "X-Mock-Scenario")
    assert "typical" in unknown.json()["detail"]


async def test_where_worlds_are_required_a_request_without_one_is_refused_and_the_contract_is_not():
    async with client_of(make_app(require_world=True)) as client:
        refused = await client.get(EXPORTS)
        assert (refused.status_code, refused.json()["code"]) == (400, "world_required")
        assert (await client.get(EXPORTS, headers={"X-Mock-World": "w"})).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 200
        assert (
            await client.get("/__mock/clock", headers={"X-Mock-Admin": "1", "Host": "localhost"})
        ).status_code == 400
