import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from batch_exports.domain.errors import PermanentFailure, RetryableFailure, RunCancelled
from batch_exports.domain.runs import RunStatus
from batch_exports.ports import Chunk, Lane, LogQuery, WrittenFile
from batch_exports.services.run_body import PART_ROWS, RunBody, parts_of
from tests.builders import make_export, make_run
from tests.services.worlds import KEY, ServiceWorld, accept


@dataclass
class ListSource:
    """An event store of numbered rows, a hundred in a chunk."""

    rows: int
    counted: int | None = None
    first: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    slow: bool = False
    broken: bool = False
    killed: list[str] = field(default_factory=list)
    selections: list = field(default_factory=list)

    def count(self, selection, *, seconds=None):
        self.selections.append(selection)
        if seconds is not None and self.slow:
            raise RetryableFailure("The event store took too long.")
        return self.rows if self.counted is None else self.counted

    def earliest(self, selection, *, seconds):
        assert seconds > 0
        if self.broken:
            raise RetryableFailure("The event store does not answer.")
        return self.first if self.rows else None

    @contextmanager
    def stream(self, selection, lane, *, query_id):
        yield (Chunk(min(100, self.rows - first), 1000, b"") for first in range(0, self.rows, 100))

    def kill(self, query_id):
        self.killed.append(query_id)


@dataclass
class ListWriter:
    """A destination that keeps what it was told."""

    context: object
    committed: list = field(default_factory=list)
    lane: Lane = Lane.LINES

    def write_part(self, number, first_file, chunks, report):
        rows = 0
        for chunk in chunks:
            rows += chunk.rows
            report(chunk.nbytes)
        return [WrittenFile(key=f"{self.context.config['prefix']}/{first_file}", rows=rows, bytes=rows * 10)]

    def commit(self, files):
        self.committed.append(files)


class ListDestinations:
    def __init__(self):
        self.writers = []

    def open(self, kind, context):
        self.writers.append(ListWriter(context))
        return self.writers[-1]


class Stage:
    """A run body over a small world, and a run of it."""

    def __init__(self, rows=250, **source):
        self.world = ServiceWorld()
        self.source = ListSource(rows, **source)
        self.destinations = ListDestinations()
        self.body = RunBody(self.world.store, self.source, self.destinations, self.world.services.lifecycle)

    async def run(self, **config):
        destination = {"type": "File", "config": {"path": "out", "prefix": "events", **config}}
        self.export = await self.world.export(destination=destination)
        self.world.clock.at += timedelta(hours=1)
        await self.world.services.scheduler.tick()
        (run,) = await self.world.runs(self.export)
        self.run_id = str(run.id)
        return run

    async def shown(self):
        runs = (await self.world.services.exports.get(1, self.export.id))[1]
        return runs[0]

    async def messages(self):
        query = LogQuery(export_id=self.export.id, run_id=None, limit=100)
        return [entry.message for entry in (await self.world.services.logs.page(1, query))[0]]


def go_on():
    return False


async def test_a_run_ends_with_the_rows_and_bytes_that_were_written():
    stage = Stage()
    run = await stage.run()
    plan = await stage.body.plan(stage.run_id)
    assert (await stage.shown()).status is RunStatus.RUNNING
    files = await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
    await stage.body.commit(stage.run_id, plan, files)
    shown = await stage.shown()
    assert (shown.status, shown.records_completed, shown.bytes_exported) == (RunStatus.COMPLETED, 250, 2500)
    assert (shown.records_total_count, shown.latest_error) == (250, None)
    assert {(each.start, each.end) for each in stage.source.selections} == {
        (run.data_interval_start, run.data_interval_end)
    }
    assert await stage.messages() == [
        "Completed: 250 rows, 2500 bytes, 1 files.",
        "Part 0: 250 rows in 1 files.",
        "Started: 250 rows to export.",
    ]


@pytest.mark.parametrize("counted", [249, 251])
async def test_a_count_that_differs_from_what_was_written_is_tried_again(counted):
    stage = Stage(counted=counted)
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    with pytest.raises(RetryableFailure, match=f"counted {counted} rows and sent 250"):
        await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)


async def test_a_run_that_is_told_to_stop_stops_at_the_next_chunk_and_ends_its_query():
    stage = Stage()
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    answers = iter([False, True])
    with pytest.raises(RunCancelled):
        await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], lambda: next(answers))
    assert len(stage.source.killed) == 1
    assert stage.destinations.writers[-1].committed == []


async def test_a_cancelled_run_does_no_further_step():
    stage = Stage()
    run = await stage.run()
    plan = await stage.body.plan(stage.run_id)
    await stage.world.services.runs.cancel(1, stage.export.id, run.id, KEY)
    with pytest.raises(RunCancelled):
        await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
    with pytest.raises(RunCancelled):
        await stage.body.commit(stage.run_id, plan, [])
    assert (await stage.body.plan(stage.run_id))["skip"]
    assert (await stage.shown()).status is RunStatus.CANCELLED


async def test_a_run_whose_credentials_cannot_be_decrypted_ends_before_anything_is_read():
    stage = Stage()
    await stage.run()
    lost = replace(stage.export.destination, unreadable=("password",))
    async with stage.world.store.write() as tx:
        await tx.exports.save(replace(stage.export, destination=lost))
    with pytest.raises(PermanentFailure, match=r"cannot be decrypted .* Give the export its credentials again"):
        await stage.body.plan(stage.run_id)
    assert stage.source.selections == []


async def test_the_run_of_a_deleted_export_is_skipped():
    stage = Stage()
    await stage.run()
    await stage.world.services.exports.delete(stage.world.change(stage.export))
    assert (await stage.body.plan(stage.run_id))["skip"]


async def test_a_commit_that_is_repeated_after_a_crash_changes_nothing():
    stage = Stage()
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    files = await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
    await stage.body.commit(stage.run_id, plan, files)
    before = await stage.shown()
    with pytest.raises(RunCancelled):
        await stage.body.commit(stage.run_id, plan, files)
    assert await stage.shown() == before


async def test_settings_that_change_during_a_run_are_for_the_next_one():
    stage = Stage()
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    change = {"destination": {"config": {"prefix": "elsewhere"}}}
    await stage.world.services.exports.update(stage.world.change(stage.export), change, accept)
    files = await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
    assert [file["key"] for file in files] == ["events/0"]
    await stage.body.commit(stage.run_id, plan, files)
    assert stage.destinations.writers[-1].context.config["prefix"] == "events"


async def test_a_failed_run_says_why_and_a_retried_step_shows_its_attempt():
    stage = Stage()
    await stage.run()
    await stage.body.plan(stage.run_id)
    await stage.body.note_retry(stage.run_id, 2, "The endpoint does not answer.", 0)
    shown = await stage.shown()
    assert (shown.status, shown.attempt, shown.latest_error) == (RunStatus.RUNNING, 2, "The endpoint does not answer.")
    await stage.body.fail(stage.run_id, "The bucket does not exist.")
    shown = await stage.shown()
    assert (shown.status, shown.latest_error) == (RunStatus.FAILED, "The bucket does not exist.")
    assert (await stage.messages())[0] == "The bucket does not exist."


@pytest.mark.parametrize("ending", ["export_part", "commit", "fail", "cancel"])
async def test_a_run_shows_when_its_next_attempt_comes_until_it_has_come(ending):
    stage = Stage()
    run = await stage.run()
    plan = await stage.body.plan(stage.run_id)
    await stage.body.note_retry(stage.run_id, 2, "The endpoint does not answer.", 18.0)
    assert (await stage.shown()).next_attempt_at == stage.world.clock.at + timedelta(seconds=18)
    match ending:
        case "export_part":
            await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
        case "commit":
            await stage.body.commit(stage.run_id, plan, [])
        case "fail":
            await stage.body.fail(stage.run_id, "The endpoint does not answer.")
        case "cancel":
            await stage.world.services.runs.cancel(1, stage.export.id, run.id, KEY)
    assert (await stage.shown()).next_attempt_at is None


async def test_a_part_ends_only_after_its_last_report_of_progress_is_kept():
    stage = Stage()
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    begun, started, kept = threading.Event(), [], []

    @asynccontextmanager
    async def slow_write():
        async with stage.world.store.write() as tx:
            yield tx
            started.append(True)
            begun.set()
            await asyncio.sleep(0.05)
        kept.append(True)

    def wait_for_a_report():
        assert begun.wait(10)
        return False

    store = SimpleNamespace(read=stage.world.store.read, write=slow_write)
    body = replace(stage.body, store=store, progress_seconds=0.001)
    await body.export_part(stage.run_id, plan, plan["parts"][0], [], wait_for_a_report)
    assert len(started) == len(kept) >= 2


async def test_what_a_failed_attempt_has_sent_does_not_count():
    stage = Stage(counted=251)
    await stage.run()
    plan = await stage.body.plan(stage.run_id)
    done = [{"key": "events/0", "rows": 40, "bytes": 400, "sha256": None}]
    recorded = asyncio.Event()
    store = stage.world.store

    class Watched:
        read = store.read

        @asynccontextmanager
        async def write(self):
            async with store.write() as tx:
                yield tx
            recorded.set()

    loop = asyncio.get_running_loop()

    def wait_for_a_record():
        asyncio.run_coroutine_threadsafe(recorded.wait(), loop).result(10)
        return False

    body = replace(stage.body, store=Watched(), progress_seconds=0.001)
    with pytest.raises(RetryableFailure):
        await body.export_part(stage.run_id, plan, plan["parts"][0], done, wait_for_a_record)
    await body.fail(stage.run_id, "The endpoint does not answer.")
    shown = await stage.shown()
    assert (shown.status, shown.records_completed, shown.bytes_exported) == (RunStatus.FAILED, 40, 400)


@pytest.mark.parametrize(("rows", "count"), [(0, 1), (PART_ROWS, 1), (PART_ROWS + 1, 2), (5 * PART_ROWS, 5)])
def test_parts_cover_the_interval_without_gap_or_overlap(rows, count):
    run = make_run(make_export())
    parts = parts_of(run, rows)
    assert len(parts) == count
    edges = [run.data_interval_start.isoformat()] + [part["end"] for part in parts]
    assert [part["start"] for part in parts] == edges[:-1]
    assert edges[-1] == run.data_interval_end.isoformat()


async def test_a_source_that_cannot_be_told_to_stop_does_not_hide_why_a_part_failed():
    stage = Stage()
    await stage.run()
    plan = await stage.body.plan(stage.run_id)

    def fail(_query_id):
        raise RetryableFailure("The event store does not answer.")

    stage.source.kill = fail
    with pytest.raises(RunCancelled):
        await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], lambda: True)
