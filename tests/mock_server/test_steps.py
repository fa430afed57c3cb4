"""Runs that are moved by hand."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.runs import RunStatus
from mock_server.progression import NEXT
from tests.mock_server.http import client_of, make_app
from tests.mock_server.steering import PAST, STEERING, everything, progress, run_of_a_backfill, steered
from tests.mock_server.worlds import S3, START, all_runs, create, leap, make_backfill, open_world


@given(st.data())
async def test_a_step_leads_to_each_status_that_is_said_to_be_next_and_to_no_other(data):
    async with steered() as (client, export):
        await progress(client, data.draw(st.sampled_from(["clock", "manual", "polls"])))
        run = (await run_of_a_backfill(client, export)).split("/")[-2]
        possible = [RunStatus(each) for each in NEXT[RunStatus.STARTING]]
        for _ in range(3):
            to = data.draw(st.sampled_from(list(RunStatus)))
            answer = await client.post(f"/__mock/runs/{run}/step", json={"to": to})
            if to in possible:
                assert (answer.status_code, answer.json()["status"]) == (200, to)
                possible = [RunStatus(each) for each in answer.json()["next"]]
            else:
                assert answer.status_code == 409
                assert all(each in answer.json()["detail"] for each in possible)


@pytest.mark.parametrize("mode", ["clock", "manual", "polls"])
async def test_without_a_status_a_step_leads_to_the_next_until_the_run_has_ended(mode):
    async with steered() as (client, export):
        await progress(client, mode)
        run = (await run_of_a_backfill(client, export)).split("/")[-2]
        statuses = [(await client.post(f"/__mock/runs/{run}/step")).json()["status"] for _ in range(2)]
        assert statuses == ["Running", "Completed"]
        ended = await client.post(f"/__mock/runs/{run}/step")
    assert (ended.status_code, ended.json()["code"]) == (409, "conflict")
    assert "has ended as Completed" in ended.json()["detail"]


async def test_the_step_of_its_first_run_opens_a_backfill_which_goes_on_when_it_ends():
    async with steered() as (client, export):
        await progress(client, "manual")
        run = (await run_of_a_backfill(client, export)).split("/")[-2]
        [backfill] = (await client.get(f"{export}backfills/")).json()["results"]
        await client.post(f"/__mock/runs/{run}/step")
        [opened] = (await client.get(f"{export}backfills/")).json()["results"]
        assert (backfill["status"], opened["status"]) == ("Starting", "Running")
        assert len(await everything(client)) == 2
        await client.post(f"/__mock/runs/{run}/step", json={"to": "Failed", "latest_error": "No room. Make some."})
        assert len(await everything(client)) == 3
        shown = (await client.get(f"{export}runs/{run}/")).json()
        logs = (await client.get(f"{export}runs/{run}/logs/")).json()["results"]
    assert (shown["status"], shown["latest_error"]) == ("Failed", "No room. Make some.")
    assert "No room. Make some." in [entry["message"] for entry in logs]


async def test_a_run_that_was_begun_by_hand_takes_its_time_from_then_on():
    world = open_world()
    export = await create(world)
    await make_backfill(world, export, PAST)
    [run] = await all_runs(world, export)
    await world.push(run.id)
    await leap(world, timedelta(seconds=4))
    running = world.store.tables.runs[run.id]
    assert 0 < running.records_completed < running.records_total_count
    await leap(world, timedelta(minutes=10))
    assert world.store.tables.runs[run.id].status is RunStatus.COMPLETED
    assert not world.store.tables.agenda


@pytest.mark.parametrize(
    ("body", "status", "attr"),
    [
        ({"to": "Sleeping"}, 400, "to"),
        ({"to": "Running", "latest_error": "No."}, 400, "latest_error"),
        ({"to": "Completed", "latest_error": "No."}, 400, "latest_error"),
        ({"latest_error": "No."}, 400, "latest_error"),
        ({"to": "Starting"}, 409, "to"),
        ({"to": "ContinuedAsNew"}, 409, "to"),
        ({"speed": 1}, 400, None),
    ],
)
async def test_a_step_that_cannot_be_is_refused_and_changes_nothing(body, status, attr):
    async with steered() as (client, export):
        await progress(client, "manual")
        run = (await run_of_a_backfill(client, export)).split("/")[-2]
        before = await everything(client)
        answer = await client.post(f"/__mock/runs/{run}/step", json=body)
        assert (answer.status_code, answer.json()["attr"]) == (status, attr)
        assert await everything(client) == before


async def test_a_run_that_would_fail_can_be_completed_by_hand():
    world = open_world()
    export = await create(world, destination={**S3, "config": {**S3["config"], "bucket_name": "missing"}})
    await leap(world, timedelta(minutes=29, seconds=3))
    [run] = await all_runs(world, export)
    assert (run.status, run.records_total_count) == (RunStatus.RUNNING, None)
    completed = await world.push(run.id, RunStatus.COMPLETED)
    assert completed.records_completed == completed.records_total_count > 0


async def test_unknown_runs_and_those_of_deleted_exports_are_not_there():
    async with steered() as (client, export):
        run = (await run_of_a_backfill(client, export)).split("/")[-2]
        assert (await client.post(f"/__mock/runs/{export.split('/')[-2]}/step")).status_code == 404
        await client.delete(export)
        assert (await client.post(f"/__mock/runs/{run}/step")).status_code == 404
        assert await everything(client) == []


async def test_the_newest_runs_of_all_exports_come_first():
    app = make_app("typical")
    async with client_of(app, **STEERING) as client:
        every = await everything(client)
        assert (await client.get("/__mock/runs", params={"limit": 5})).json()["results"] == every[:5]
    assert len(every) == min(1000, len(app.world.store.tables.runs))
    assert len({run["batch_export_id"] for run in every}) > 1
    assert every == sorted(every, key=lambda run: (run["created_at"], run["id"]), reverse=True)
    assert min(run["created_at"] for run in every) < START.isoformat()
