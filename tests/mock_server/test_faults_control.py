"""Fault rules by the control API."""

from contextlib import asynccontextmanager

import pytest

from mock_server.faults.book import MOST_RULES
from tests.mock_server.http import EXPORT, client_of, make_app

STEER = {"X-Mock-Admin": "1", "Host": "localhost"}
URL = "/__mock/faults"


@asynccontextmanager
async def steering(**options):
    async with client_of(make_app(**options), **STEER) as client:
        yield client


async def test_a_rule_is_added_counted_and_removed():
    async with steering(seed=7) as client:
        words = {"match": {"operation": "get_export"}, "do": {"status": 503}, "times": 1}
        added = await client.post(URL, json=words)
        assert added.status_code == 201
        defaults = {"after": 0, "probability": 1, "seed": 7}
        assert added.json() == {"id": "fault-1", **words, **defaults, "matched": 0, "applied": 0}
        hit, passed = await client.get(EXPORT), await client.get(EXPORT)
        assert [hit.status_code, passed.status_code] == [503, 200]
        assert hit.headers["X-Mock-Fault"] == "fault-1"
        [shown] = (await client.get(URL)).json()["results"]
        assert (shown["matched"], shown["applied"]) == (2, 1)
        assert (await client.delete(f"{URL}/fault-1")).status_code == 204
        assert (await client.delete(f"{URL}/fault-1")).status_code == 404
        assert (await client.get(URL)).json() == {"results": []}


@pytest.mark.parametrize(
    ("words", "attr", "said"),
    [
        ({"do": {"status": 500}, "match": {"operation": "list_run"}}, "match__operation", "list_runs"),
        ({"do": {"status": 500}, "match": {"operation": "get_run", "method": "POST"}}, "match__method", "GET"),
        ({"do": {"cut": "truncate"}, "match": {"operation": "delete_export"}}, "do__cut", "without a body"),
        ({"do": {"cut": "dribble"}, "match": {"method": "HEAD"}}, "do__cut", "no body"),
        ({"do": {"status": 500, "retry_after": 1}}, "do__retry_after", "429 and 503"),
        ({"do": {"latency_ms": "80-400"}}, "do__latency_ms", "80..400"),
        ({"do": {}}, "do", ""),
        ({"do": {"cut": "bite"}}, "do__cut", "bite"),
        ({"do": {"status": 200}}, "do__status", "400"),
        ({}, "do", "required"),
    ],
)
async def test_a_rule_that_cannot_work_is_refused_with_the_reason(words, attr, said):
    async with steering() as client:
        answer = await client.post(URL, json=words)
        assert answer.status_code == 400
        assert answer.json()["attr"] == attr
        assert said in answer.json()["detail"]
        assert (await client.get(URL)).json() == {"results": []}


async def test_a_strict_mock_takes_no_rule_that_it_would_not_apply_and_any_scenario():
    async with steering(strict=True) as client:
        refused = await client.post(URL, json={"do": {"status": 503}})
        assert (refused.status_code, refused.json()["code"]) == (409, "strict")
        assert "--strict" in refused.json()["detail"]
        assert (await client.put("/__mock/scenario", json={"name": "offline"})).status_code == 200
        assert (await client.get(EXPORT)).status_code == 200


async def test_a_world_has_room_for_so_many_rules_and_no_more():
    app = make_app()
    for _ in range(MOST_RULES):
        app.world.faults.add({"do": {"latency_ms": 0}})
    async with client_of(app, **STEER) as client:
        answer = await client.post(URL, json={"do": {"status": 500}})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_fault_rules")


async def test_clearing_leaves_nothing_and_ids_are_not_given_twice():
    async with steering() as client:
        await client.post(URL, json={"do": {"status": 500}})
        assert (await client.delete(URL)).status_code == 204
        assert (await client.get(EXPORT)).status_code == 200
        assert (await client.post(URL, json={"do": {"status": 500}})).json()["id"] == "fault-2"


async def test_a_world_that_begins_anew_has_the_rules_of_its_scenario_alone():
    async with steering() as client:
        await client.post(URL, json={"do": {"status": 500}})
        await client.put("/__mock/scenario", json={"name": "offline"})
        [rule] = (await client.get(URL)).json()["results"]
        assert rule["do"] == {"cut": "reset"}
        await client.put("/__mock/scenario", json={"name": "typical"})
        assert (await client.get(URL)).json() == {"results": []}
