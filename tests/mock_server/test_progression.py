"""How runs move: by the clock, by looks, at once, or not at all; and how they end."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.runs import RunStatus
from mock_server.progression import ENDS, FAILURES, Mode, Progression
from mock_server.world import World
from tests.mock_server.steering import PAST, everything, progress, run_of_a_backfill, steered
from tests.mock_server.worlds import S3, all_runs, create, leap, make_backfill, open_world


@given(st.integers(1, 8))
async def test_a_run_ends_with_the_look_that_was_chosen(polls):
    async with steered() as (client, export):
        await progress(client, "polls", polls=polls)
        run = await run_of_a_backfill(client, export)
        seen = [(await client.get(run)).json() for _ in range(polls + 1)]
    statuses = [each["status"] for each in seen]
    assert statuses[polls - 1 :] == ["Completed"] * 2
    assert not {"Completed"} & set(statuses[: polls - 1])
    if polls > 1:
        assert statuses[: polls - 1] == ["Starting"] + ["Running"] * (polls - 2)
    done = [each["records_completed"] or 0 for each in seen]
    assert done == sorted(done)
    assert seen[-1]["records_completed"] == seen[-1]["records_total_count"]


@pytest.mark.parametrize("path", ["", "runs/", "runs/?ordering=created_at"])
async def test_a_look_at_an_export_or_at_its_runs_is_one_at_each_that_is_open(path):
    async with steered() as (client, export):
        await progress(client, "polls", polls=3)
        runs = [await run_of_a_backfill(client, export)]
        for _ in range(3):
            await client.get(f"{export}{path}")
        assert (await client.get(runs[0])).json()["status"] == "Completed"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "logs/"),
        ("GET", "backfills/"),
        ("HEAD", ""),
        ("GET", "../"),
        ("GET", "runs/?limit=x"),
        ("POST", "pause/"),
    ],
)
async def test_what_shows_no_run_is_no_look(method, path):
    async with steered() as (client, export):
        await progress(client, "polls", polls=2)
        await run_of_a_backfill(client, export)
        for _ in range(3):
            await client.request(method, f"{export}{path}")
        [run] = (await client.get("/__mock/runs")).json()["results"]
    assert run["status"] == "Starting"


async def test_a_refused_look_is_none():
    async with steered() as (client, export):
        await progress(client, "polls", polls=2)
        run = await run_of_a_backfill(client, export)
        for _ in range(3):
            assert (await client.get(run, headers={"Authorization": "Bearer nobody"})).status_code == 401
            assert (await client.get(run.replace("projects/1", "projects/2"))).status_code in {403, 404}
            assert (await client.get(run, headers={"Prefer": "code=200"})).status_code == 200
        assert (await client.get(run)).json()["status"] == "Starting"
        assert (await client.get(run)).json()["status"] == "Completed"


@given(st.integers(2, 12), st.integers(1, 14))
async def test_looks_at_the_same_time_count_one_by_one(polls, looks):
    async with steered() as (client, export):
        await progress(client, "polls", polls=polls)
        run = await run_of_a_backfill(client, export)
        await asyncio.gather(*(client.get(run) for _ in range(looks)))
        first = next(each for each in await everything(client) if each["id"] == run.split("/")[-2])
        if looks >= polls - 1:
            assert first["status"] == "Completed"
        else:
            assert first["status"] == "Running"
            assert first["records_completed"] == int(first["records_total_count"] * (looks / (polls - 1)))


async def test_at_once_means_before_the_next_request_is_answered():
    async with steered() as (client, export):
        await progress(client, "immediate")
        backfill = (await client.post(f"{export}backfills/", json=PAST)).json()["backfill_id"]
        shown = (await client.get(f"{export}backfills/{backfill}/")).json()
        assert (shown["status"], shown["progress"]["finished_runs"]) == ("Completed", 3)
        runs = (await client.get(f"{export}runs/")).json()["results"]
    assert [run["status"] for run in runs] == ["Completed"] * 3
    assert all(run["created_at"] == run["finished_at"] for run in runs)


async def test_by_hand_nothing_moves_by_itself():
    world = open_world()
    export = await create(world)
    await world.follow(Progression(mode=Mode.MANUAL))
    await leap(world, timedelta(days=2))
    runs = await all_runs(world, export)
    assert len(runs) == 48
    assert {run.status for run in runs} == {RunStatus.STARTING}
    assert not world.store.tables.agenda


@pytest.mark.parametrize("before", list(Mode))
@pytest.mark.parametrize("after", list(Mode))
async def test_runs_in_progress_follow_another_mode(before, after):
    world = open_world()
    export = await create(world)
    await make_backfill(world, export, PAST)
    await world.follow(Progression(mode=before, polls=3))
    await leap(world, timedelta(seconds=5))
    [first, *_] = await all_runs(world, export)
    await world.follow(Progression(mode=after, polls=3))
    [followed, *_] = await all_runs(world, export)
    assert followed == first or after is Mode.IMMEDIATE
    if after is Mode.CLOCK and first.is_open:
        await leap(world, timedelta(seconds=5))
        [going, *_] = await all_runs(world, export)
        assert going.status is RunStatus.RUNNING
        assert 0 < going.records_completed < going.records_total_count
        await leap(world, timedelta(minutes=5))
    elif after is Mode.POLLS:
        for _ in range(2):
            world.note_look([first.id])
            await world.settle()
    elif after is Mode.MANUAL:
        while first.is_open:
            first = await world.push(first.id)
    [ended, *_] = await all_runs(world, export)
    assert ended.status is RunStatus.COMPLETED


@pytest.mark.parametrize("outcome", ENDS)
@pytest.mark.parametrize("mode", ["clock", "immediate", "polls"])
@pytest.mark.parametrize("error", [None, "The quota is used up. Buy more."])
async def test_runs_end_as_chosen(outcome, mode, error):
    chosen = {"latest_error": error} if error and outcome in FAILURES else {}
    async with steered() as (client, export):
        told = await progress(client, mode, polls=2, outcome=outcome, **chosen)
        assert told == {"mode": mode, "polls": 2, "outcome": outcome, "latest_error": chosen.get("latest_error")}
        run = await run_of_a_backfill(client, export)
        await client.put("/__mock/clock", json={"action": "advance", "by": "40s"})
        await client.get(run)
        shown = (await client.get(run)).json()
        logs = (await client.get(f"{run}logs/")).json()["results"]
    assert shown["status"] == outcome
    assert shown["latest_error"] == (chosen.get("latest_error") or FAILURES.get(outcome))
    assert 0 < shown["records_completed"] <= shown["records_total_count"]
    assert (shown["latest_error"] is None) or shown["latest_error"] in [entry["message"] for entry in logs]


async def test_an_outcome_counts_for_runs_that_are_on_their_way_to_another():
    world = open_world()
    missing = {**S3, "config": {**S3["config"], "bucket_name": "missing"}}
    export = await create(world, destination=missing)
    await leap(world, timedelta(minutes=29, seconds=3))
    [run] = await all_runs(world, export)
    assert (run.status, run.records_total_count) == (RunStatus.RUNNING, None)
    await world.follow(Progression(outcome=RunStatus.COMPLETED))
    await leap(world, timedelta(minutes=1))
    [run] = await all_runs(world, export)
    assert run.status is RunStatus.COMPLETED
    assert run.records_completed == run.records_total_count > 0


async def test_a_run_that_went_on_by_hand_or_by_looks_takes_the_time_that_is_left_to_it():
    world, run = await half_done()
    left = world.store.tables.plans[run.id].ends_at - world.clock.now()
    await world.follow(Progression(mode=Mode.MANUAL))
    await leap(world, timedelta(hours=1))
    assert world.store.tables.runs[run.id] == run
    await world.follow(Progression())
    await leap(world, left - timedelta(seconds=1))
    assert world.store.tables.runs[run.id].is_open
    await leap(world, timedelta(seconds=2))
    assert world.store.tables.runs[run.id].status is RunStatus.COMPLETED


async def test_what_a_run_has_written_does_not_become_less_by_another_mode():
    world, run = await half_done()
    await world.follow(Progression(mode=Mode.POLLS, polls=1000))
    world.note_look([run.id])
    await world.settle()
    assert world.store.tables.runs[run.id].records_completed == run.records_completed


async def test_looks_move_nothing_where_something_else_does():
    world, run = await half_done()
    world.note_look([run.id])
    await world.settle()
    assert world.store.tables.runs[run.id] == run


async def half_done():
    """A world, and a run there that has written some of its rows."""
    world = open_world()
    export = await create(world)
    await leap(world, timedelta(minutes=29, seconds=8))
    [run] = await all_runs(world, export)
    assert 0 < run.records_completed < run.records_total_count
    return world, run


async def test_runs_that_are_made_to_fail_pause_their_export_as_in_production():
    world = open_world()
    export = await create(world)
    await world.follow(Progression(mode=Mode.IMMEDIATE, outcome=RunStatus.FAILED))
    await leap(world, timedelta(days=1))
    assert len(await all_runs(world, export)) == 3
    assert (await world.services.exports.get(1, export.id))[0].paused


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "mode"),
        ({"mode": "never"}, "mode"),
        ({"mode": "polls", "polls": 0}, "polls"),
        ({"mode": "clock", "outcome": "Running"}, "outcome"),
        ({"mode": "clock", "outcome": "Completed", "latest_error": "No."}, "latest_error"),
        ({"mode": "clock", "latest_error": "No."}, "latest_error"),
        ({"mode": "clock", "speed": 2}, None),
    ],
)
async def test_what_contradicts_itself_is_refused_and_changes_nothing(body, attr):
    async with steered() as (client, _):
        before = await progress(client, "polls", polls=7)
        answer = await client.put("/__mock/progression", json=body)
        assert (answer.status_code, answer.json()["attr"]) == (400, attr)
        assert (await client.get("/__mock/progression")).json() == before


@pytest.mark.parametrize("settings", [{"mode": "x"}, {"polls": 0}, {"outcome": "Starting"}, {"latest_error": "No."}])
def test_a_progression_that_makes_no_sense_cannot_be_made(settings):
    with pytest.raises(ValueError, match=r"\w"):
        Progression.of(settings)


def test_without_settings_runs_take_their_time():
    assert Progression.of(None) == Progression.of({}) == Progression(mode=Mode.CLOCK)


async def test_a_world_may_begin_with_a_progression_that_its_runs_in_progress_follow():
    typical = open_world("typical")
    still_open = len(typical.store.tables.runs_open)
    progression = Progression.of({"mode": "immediate"})
    world = World(typical.clock.fork(), typical.ids, typical.store.tables, progression=progression)
    await world.settle()
    assert still_open > 0
    assert len(world.store.tables.runs_open) == 0
    assert len(typical.store.tables.runs_open) == still_open
    assert world.fork().progression == progression


async def test_a_fork_keeps_the_looks_that_have_not_moved_anything_yet():
    world = open_world()
    export = await create(world)
    await make_backfill(world, export, PAST)
    await world.follow(Progression(mode=Mode.POLLS, polls=2))
    [run] = await all_runs(world, export)
    world.note_look([run.id])
    fork = world.fork()
    await fork.settle()
    assert not fork.store.tables.runs[run.id].is_open
    assert world.store.tables.runs[run.id].is_open
