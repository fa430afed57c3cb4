"""The control API: whoever may use it, and worlds that begin anew."""

import pytest

from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app as create_production_app
from batch_exports.settings import Settings
from mock_server.control.app import Access
from tests.mock_server.http import EXPORT, EXPORTS, client_of, make_app

LOCAL = {"Host": "localhost:8010"}
ADMIN = {"X-Mock-Admin": "1", **LOCAL}


@pytest.mark.parametrize(
    ("access", "headers", "status", "code"),
    [
        (Access(), LOCAL, 403, "admin_header_required"),
        (Access(), {**LOCAL, "X-Mock-Admin": "yes"}, 403, "admin_header_required"),
        (Access(), {**ADMIN, "Host": "attacker.example:8010"}, 403, "wrong_host"),
        (Access(is_local=False), ADMIN, 403, "control_disabled"),
        (Access(token="", is_local=False), ADMIN, 403, "control_disabled"),
        (Access(token=" ", is_local=False), {**ADMIN, "Authorization": "Bearer "}, 403, "control_disabled"),
        (Access(token=""), {**ADMIN, "Host": "attacker.example:8010"}, 403, "wrong_host"),
        (Access(token="t0ken"), ADMIN, 401, "authentication_failed"),
        (Access(token="t0ken"), {**ADMIN, "Authorization": "Bearer other"}, 401, "authentication_failed"),
    ],
)
async def test_whoever_may_not_steer_the_mock_is_told_why(access, headers, status, code):
    async with client_of(make_app(access=access), Authorization="") as client:
        answer = await client.put("/__mock/scenario", json={"name": "empty"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await client.get("/__mock/scenario", headers=headers)).status_code == status


@pytest.mark.parametrize("host", ["localhost", "app.localhost:80", "127.0.0.1:8010", "[::1]:8010", "192.0.2.7"])
async def test_on_this_machine_the_header_is_enough(host):
    async with client_of(make_app()) as client:
        assert (await client.get("/__mock/scenarios", headers={**ADMIN, "Host": host})).status_code == 200


async def test_the_token_opens_the_control_api_from_elsewhere():
    headers = {**ADMIN, "Host": "mock.example", "Authorization": "Bearer t0ken"}
    async with client_of(make_app(access=Access(token="t0ken", is_local=False))) as client:
        assert (await client.get("/__mock/scenario", headers=headers)).status_code == 200


async def test_no_web_page_of_another_origin_is_let_near_the_control_api():
    preflight = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "PUT", **LOCAL}
    preflight["Access-Control-Request-Headers"] = "x-mock-admin"
    async with client_of(make_app()) as client:
        for path in ("/__mock/scenario", "/__w/a/__mock/scenario"):
            answer = await client.options(path, headers=preflight)
            assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" in (await client.options(EXPORTS, headers=preflight)).headers


async def test_the_contract_of_the_control_api_may_be_read_by_anybody():
    async with client_of(make_app(access=Access(is_local=False))) as client:
        document = (await client.get("/__mock/openapi.json")).json()
    assert "/scenario" in document["paths"]


async def test_production_has_no_control_api(tmp_path):
    app = create_production_app(Settings(data_dir=tmp_path), Instruments({}))
    async with client_of(app) as client:
        for path in ("/__mock", "/__mock/", "/__mock/scenario", "/__w/a/__mock/scenario", f"/__w/a{EXPORTS}"):
            answer = await client.get(path, headers=ADMIN)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_reset_world_shows_what_it_began_with_and_other_worlds_what_they_showed():
    async with client_of(make_app(), **ADMIN) as client:
        for world in ("a", "b"):
            renamed = await client.patch(EXPORT, json={"name": "Renamed"}, headers={"X-Mock-World": world})
            assert renamed.status_code == 200
        said = await client.post("/__mock/reset", headers={"X-Mock-World": "a"})
        assert said.json() == {"world": "a", "name": "typical", "seed": 0, "now": None}
        names = [(await client.get(EXPORT, headers={"X-Mock-World": world})).json()["name"] for world in ("a", "b")]
    assert names == ["Hourly events to the lake", "Renamed"]


async def test_a_scenario_is_chosen_for_one_world():
    async with client_of(make_app(), **ADMIN) as client:
        chosen = await client.put("/__w/a/__mock/scenario", json={"name": "empty", "now": "2026-01-05T10:00:00Z"})
        assert chosen.status_code == 200
        assert (await client.get(f"/__w/a{EXPORTS}")).json()["count"] == 0
        assert (await client.get(EXPORTS)).json()["count"] > 0
        shown = (await client.get("/__w/a/__mock/scenario")).json()
        assert shown == {"world": "a", "name": "empty", "seed": 0, "now": "2026-01-05T10:00:00Z"}
        assert (await client.get("/__mock/worlds/a")).json()["now"] == "2026-01-05T10:00:00Z"


async def test_an_unknown_scenario_is_refused_with_those_that_there_are_and_changes_nothing():
    async with client_of(make_app(), **ADMIN) as client:
        refused = await client.put("/__mock/scenario", json={"name": "nonsense"})
        assert (refused.status_code, refused.json()["attr"]) == (404, "name")
        assert "typical" in refused.json()["detail"]
        assert (await client.get(EXPORTS)).json()["count"] > 0


async def test_a_world_that_is_removed_is_forgotten():
    async with client_of(make_app(), **ADMIN) as client:
        await client.get(EXPORTS, headers={"X-Mock-World": "a"})
        assert [each["id"] for each in (await client.get("/__mock/worlds")).json()["results"]] == ["default", "a"]
        assert (await client.delete("/__mock/worlds/a")).status_code == 204
        assert (await client.delete("/__mock/worlds/a")).status_code == 404
        assert (await client.get("/__mock/worlds/a")).status_code == 404


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
async def test_a_world_begins_at_no_moment_that_leaves_no_room_for_its_history_or_future(now):
    async with client_of(make_app(), **ADMIN) as client:
        refused = await client.put("/__mock/scenario", json={"name": "typical", "now": now})
        assert (refused.status_code, refused.json()["attr"]) == (400, "now")
        assert (await client.get(EXPORTS)).json()["count"] > 0


@pytest.mark.parametrize("now", ["2000-01-01T00:00:00Z", "2198-12-30T00:00:00Z"])
async def test_the_first_and_the_last_moment_are_as_good_as_any(now):
    async with client_of(make_app(), **ADMIN) as client:
        assert (await client.put("/__mock/scenario", json={"name": "typical", "now": now})).status_code == 200
        assert (await client.get(EXPORTS)).json()["count"] > 0


async def test_where_there_are_too_many_worlds_the_control_api_says_so():
    async with client_of(make_app(max_worlds=1), **ADMIN) as client:
        refused = await client.get("/__mock/clock", headers={"X-Mock-World": "another"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_worlds")
