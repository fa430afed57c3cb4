"""Exports whose runs keep failing are paused by the service."""

from datetime import timedelta

import pytest

from batch_exports.domain.activity import SERVICE, ActivityKind
from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.exports import PausedReason
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.pausing import FAILURE_WINDOWS
from batch_exports.domain.runs import RunStatus
from batch_exports.domain.schedules import FIXED_LENGTHS, Interval
from batch_exports.ports import LogQuery
from tests.services.test_backfills import RANGE
from tests.services.worlds import ServiceWorld, accept

LENGTHS = {**FIXED_LENGTHS, Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(weeks=1)}


async def next_run(world, export):
    """Let the clock go on until the schedule makes a run; None when the export is paused."""
    world.clock.at += LENGTHS[export.schedule.interval]
    await world.services.scheduler.tick()
    runs = await world.runs(export)
    return runs[0] if runs else None


async def play(world, export, ends):
    """Let the next runs end like this: `f`ailed, `c`ompleted or cancelled (`x`)."""
    for end in ends:
        run = await next_run(world, export)
        if end == "x":
            await world.services.runs.cancel(1, export.id, run.id, SERVICE)
        else:
            await (world.fail if end == "f" else world.complete)(run)
    return await world.reread(export)


@pytest.mark.parametrize("interval", Interval)
async def test_the_third_failure_among_the_latest_runs_pauses_an_export(interval):
    world = ServiceWorld()
    export = await world.export(interval=interval.value)
    good = "c" * (FAILURE_WINDOWS[interval] - 3)
    assert not (await play(world, export, f"ff{good}")).paused
    export = await play(world, export, "f")
    assert (export.paused, export.paused_reason) == (True, PausedReason.FAILURES)
    assert export.last_paused_at == world.clock.at
    assert await next_run(world, export) is None


@pytest.mark.parametrize("interval", Interval)
async def test_a_failure_that_lies_too_many_runs_back_does_not_count(interval):
    world = ServiceWorld()
    export = await world.export(interval=interval.value)
    good = "c" * (FAILURE_WINDOWS[interval] - 2)
    assert not (await play(world, export, f"ff{good}f")).paused


async def test_cancelled_runs_are_no_failures():
    world = ServiceWorld()
    assert not (await play(world, await world.export(), "ffxxxxc")).paused


@pytest.mark.parametrize("status", [RunStatus.FAILED_RETRYABLE, RunStatus.FAILED_BILLING, RunStatus.TIMED_OUT])
async def test_a_run_may_end_without_success_in_another_status_which_does_not_count(status):
    world = ServiceWorld()
    export = await play(world, await world.export(), "ff")
    run = await next_run(world, export)
    async with world.store.write() as tx:
        ended = await world.services.lifecycle.fail(tx, run.id, "It cannot go on. Retry it later.", status=status)
    assert (ended.status, ended.latest_error) == (status, "It cannot go on. Retry it later.")
    assert ended.finished_at == ended.last_updated_at == world.clock.at
    assert not (await world.reread(export)).paused


@pytest.mark.parametrize(("threshold", "failures"), [(1, 1), (5, 5), (30, 30)])
async def test_the_operator_chooses_how_many_failures_pause_an_export(threshold, failures):
    world = ServiceWorld(auto_pause_failures=threshold)
    export = await world.export()
    assert not (await play(world, export, "f" * (failures - 1))).paused
    assert (await play(world, export, "f")).paused


async def test_an_operator_can_switch_it_off():
    world = ServiceWorld(auto_pause_failures=0)
    assert not (await play(world, await world.export(), "f" * 10)).paused


async def test_the_pause_is_a_new_version_in_the_audit_log_and_in_the_log_of_the_run():
    world = ServiceWorld()
    export = await world.export()
    before = await play(world, export, "ff")
    run = await next_run(world, export)
    await world.fail(run, "The bucket does not exist.")
    assert (await world.reread(export)).version == before.version + 1
    entry = (await world.activity(export))[0]
    assert (entry.kind, entry.actor, entry.run_id) == (ActivityKind.PAUSED, SERVICE, run.id)
    assert [(change.field, change.before, change.after) for change in entry.changes] == [("paused", False, True)]
    entries, _ = await world.services.logs.page(1, LogQuery(export_id=export.id, run_id=run.id, limit=2))
    assert [(entry.level, entry.message) for entry in entries] == [
        (LogLevel.WARNING, "The export is paused: 3 of its last 3 runs failed. Correct it, then unpause it."),
        (LogLevel.ERROR, "The bucket does not exist."),
    ]


async def test_its_running_backfills_are_cancelled_with_it():
    world = ServiceWorld()
    export = await world.export()
    backfill = await world.backfill(export, RANGE)
    for _ in range(3):
        runs = await world.runs(export)
        await world.open_backfill(runs[0])
        await world.fail(runs[0])
    found, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert found.status is BackfillStatus.CANCELLED
    assert (counts.failed, counts.open) == (3, 0)
    assert await world.runs(export) == []
    kinds = [entry.kind for entry in await world.activity(export)]
    assert kinds[:2] == [ActivityKind.BACKFILL_CANCELLED, ActivityKind.PAUSED]


async def test_failures_from_before_an_unpause_do_not_pause_again():
    world = ServiceWorld()
    export = await play(world, await world.export(), "fff")
    failed = (await world.services.exports.get(1, export.id))[1][0]
    for _ in range(3):
        _, retry = await world.retry(export, failed)
        await world.fail(retry)
    world.clock.at += timedelta(seconds=1)
    await world.services.exports.unpause(world.change(export), backfill=False)
    unpaused = await world.reread(export)
    assert (unpaused.paused, unpaused.paused_reason) == (False, None)
    assert not (await play(world, export, "ff")).paused
    assert (await play(world, export, "f")).paused_reason is PausedReason.FAILURES


async def test_a_patch_unpauses_in_the_same_way():
    world = ServiceWorld()
    export = await play(world, await world.export(), "fff")
    world.clock.at += timedelta(seconds=1)
    await world.services.exports.update(world.change(export), {"paused": False}, accept)
    assert not (await play(world, export, "ff")).paused


async def test_an_export_that_somebody_paused_keeps_their_reason_and_its_backfill():
    world = ServiceWorld()
    export = await world.export(paused=True)
    backfill = await world.backfill(export, RANGE)
    while runs := await world.runs(export):
        await world.fail(runs[0])
    assert (await world.reread(export)).paused_reason is PausedReason.REQUEST
    found, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert (found.status, counts.failed) == (BackfillStatus.COMPLETED, 6)


async def test_the_run_of_a_deleted_export_fails_alone():
    world = ServiceWorld(auto_pause_failures=1)
    export = await world.export()
    run = await next_run(world, export)
    async with world.store.write() as tx:
        await tx.exports.delete(export.id, world.clock.at)
    assert (await world.fail(run)).status is RunStatus.FAILED
