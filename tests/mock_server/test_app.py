from datetime import timedelta

import pytest

from batch_exports.contract.spec import load_spec
from batch_exports.domain.runs import RunStatus
from mock_server.scenarios import scenario_names
from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app, shared_app
from tests.mock_server.worlds import S3

ORIGIN = "http://localhost:5173"


async def every(client, url):
    """All rows of a list, and the number of pages they came on."""
    rows, pages = [], 0
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["results"]
        url, pages = answer.json()["next"], pages + 1
    return rows, pages


@pytest.mark.parametrize("scenario", scenario_names())
async def test_everything_in_a_scenario_can_be_shown(scenario):
    app = make_app(scenario, strict=True)
    for by in (timedelta(0), timedelta(minutes=1), timedelta(hours=2)):
        advance(app, by)
        async with client_of(app) as client:
            exports, _ = await every(client, EXPORTS)
            for export in exports:
                url = f"{EXPORTS}{export['id']}/"
                for path in ("", "logs/", "backfills/", "runs/?after=all"):
                    answer = await client.get(url + path)
                    assert answer.status_code == 200, answer.text
                    assert answer.headers["X-Mock-Source"] == "handler"


async def test_the_typical_scenario_has_what_a_front_end_has_to_show():
    async with client_of(shared_app()) as client:
        exports, _ = await every(client, EXPORTS)
        runs, pages = [], 0
        for export in exports:
            found, count = await every(client, f"{EXPORTS}{export['id']}/runs/?after=all")
            runs, pages = runs + found, max(pages, count)
        backfills, _ = await every(client, f"{EXPORT}backfills/")
    assert {export["destination"]["type"] for export in exports} >= {"S3", "Postgres", "File", "NoOp", "Snowflake"}
    assert {export["paused"] for export in exports} == {True, False}
    assert {run["status"] for run in runs} == set(RunStatus)
    assert {backfill["status"] for backfill in backfills} >= {"Completed", "Running", "Cancelled"}
    assert pages >= 3
    assert any(run["retry_of"] for run in runs)


@pytest.mark.parametrize("by", [timedelta(0), timedelta(seconds=10), timedelta(hours=1), timedelta(days=1)])
async def test_list_detail_and_latest_runs_agree(by):
    app = make_app()
    advance(app, by)
    async with client_of(app) as client:
        exports, _ = await every(client, EXPORTS)
        for export in exports:
            url = f"{EXPORTS}{export['id']}/"
            assert (await client.get(url)).json() == export
            runs, _ = await every(client, f"{url}runs/?after=all")
            assert export["latest_runs"] == runs[:10]
            for run in runs[:5]:
                assert (await client.get(f"{url}runs/{run['id']}/")).json() == run


async def test_a_day_later_an_hourly_export_has_24_more_intervals_and_they_page():
    app = make_app()
    url = f"{EXPORT}runs/?after=all&ordering=-data_interval_start&start=all&page_size=7"
    async with client_of(app) as client:
        before, _ = await every(client, url)
        advance(app, timedelta(days=1))
        after, pages = await every(client, url)
    known = {run["id"] for run in before}
    scheduled = [run for run in after if run["id"] not in known and run["backfill"] is None]
    assert len({run["data_interval_start"] for run in scheduled}) == len(scheduled) == 24
    assert len({run["id"] for run in after}) == len(after)
    assert pages == -(-len(after) // 7)


async def test_what_is_created_can_be_read_changed_and_deleted():
    app = make_app()
    async with client_of(app) as client:
        created = await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
        assert created.status_code == 201
        url = created.headers["Location"]
        assert (await client.get(url)).json() == created.json()
        changed = await client.patch(
            url, json={"name": "Still mine", "destination": {"config": {"region": "us-east-1"}}}
        )
        assert changed.json()["name"] == "Still mine"
        assert changed.json()["destination"]["config"]["bucket_name"] == "acme-data-lake"
        assert (await client.get(EXPORTS)).json()["results"][0] == changed.json()
        assert (await client.delete(url)).status_code == 204
        assert (await client.get(url)).status_code == 404


async def test_a_backfill_runs_while_the_clock_does():
    app = make_app()
    async with client_of(app) as client:
        body = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-03-02T00:00:00Z"}
        created = await client.post(f"{EXPORT}backfills/", json=body)
        url = f"{EXPORT}backfills/{created.json()['backfill_id']}/"
        shares = []
        for _ in range(10):
            backfill = (await client.get(url)).json()
            shares.append(backfill["progress"]["progress"])
            advance(app, timedelta(minutes=1))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert backfill["status"] == "Completed"


async def test_an_export_that_a_scenario_paused_makes_up_for_its_pause_also_when_its_window_was_changed():
    async with client_of(make_app("typical")) as client:
        exports, _ = await every(client, EXPORTS)
        export = next(each for each in exports if each["paused"] and each["interval"] == "hour")
        url = f"{EXPORTS}{export['id']}/"
        assert (await client.patch(url, json={"end_at": "2099-01-01T00:00:00Z"})).status_code == 200
        unpaused = (await client.post(f"{url}unpause/", json={"backfill": True})).json()
        backfill = (await client.get(f"{url}backfills/{unpaused['backfill_id']}/")).json()
    assert backfill["start_at"] <= export["last_paused_at"] < backfill["end_at"]


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_a_project_may_have_so_many_backfills_in_progress_and_no_more(limit):
    async with client_of(make_app("empty", max_open_backfills=limit)) as client:
        export = (await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})).json()["id"]
        starts = [f"2026-03-01T{hour:02}:00:00Z" for hour in range(limit + 1)]
        ranges = [{"start_at": start, "end_at": "2026-03-02T00:00:00Z"} for start in starts]
        answers = [await client.post(f"{EXPORTS}{export}/backfills/", json=body) for body in ranges]
    assert [answer.status_code for answer in answers] == [201] * limit + [429]
    assert answers[-1].json()["code"] == "too_many_concurrent_backfills"


async def test_a_fork_keeps_the_limit_of_backfills():
    world = make_app("empty", max_open_backfills=3).world
    assert world.fork().services.backfills.max_open_per_project == 3


async def test_a_missing_bucket_is_found_by_the_connection_checks():
    async with client_of(shared_app()) as client:
        url = f"{EXPORTS}019c9d02-7c68-7e91-9b54-e8d3a1f06c72/run_test_step/"
        results = [(await client.post(url, json={"step": step})).json()["result"] for step in range(3)]
    assert [result["status"] for result in results] == ["Passed", "Failed", "Failed"]
    assert "marketing-missing" in results[1]["message"]


async def test_the_same_script_gives_the_same_bytes():
    async def play(seed):
        app = make_app(seed=seed)
        answers = []
        async with client_of(app) as client:
            created = await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
            answers.append(created)
            for by in (0, 45, 600, 86_400):
                advance(app, timedelta(seconds=by))
                answers.append(await client.get(EXPORTS))
                answers.append(await client.get(f"{EXPORT}runs/"))
                answers.append(await client.post(f"{EXPORT}runs/{answers[-1].json()['results'][-1]['id']}/retry/"))
        return [(answer.status_code, answer.content, answer.headers) for answer in answers]

    assert await play(1) == await play(1)
    assert await play(1) != await play(2)


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Prefer": "code=500"}])
async def test_browsers_may_read_every_answer(headers):
    async with client_of(shared_app(), Origin=ORIGIN, **headers) as client:
        answer = await client.get(EXPORT)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer.headers["Vary"]
    assert "X-Mock-Source" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_preflight_is_answered_for_any_header():
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, x-anything"}
    async with client_of(shared_app(), Origin=ORIGIN, Authorization="", **asked) as client:
        answer = await client.options(EXPORT)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "x-anything" in answer.headers["Access-Control-Allow-Headers"]
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


async def test_other_options_are_answered_by_the_contract():
    async with client_of(shared_app()) as client:
        answer = await client.options(EXPORT)
    assert answer.status_code == 204
    assert "PATCH" in answer.headers["Allow"]


@pytest.mark.parametrize("name", ["hourly_export", "running_run", "completed_run", "failed_run", "running_backfill"])
async def test_what_the_contract_s_examples_show_is_there(name):
    example = load_spec().document["components"]["examples"][name]["value"]
    export_id = example.get("batch_export", example["id"])
    kind = "" if "interval" in example else "runs/" if "attempt" in example else "backfills/"
    async with client_of(shared_app()) as client:
        answer = await client.get(f"{EXPORTS}{export_id}/{kind}{example['id'] if kind else ''}")
    shown = answer.json()
    assert shown["id"] == example["id"]
    for field in ("name", "destination", "interval", "status", "attempt", "latest_error"):
        assert shown.get(field) == example.get(field)
