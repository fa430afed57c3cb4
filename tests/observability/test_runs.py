"""Told of runs by a real store."""

import asyncio
import logging
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.bootstrap import build_world, prepare
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.observability.runs import ObservedStore
from batch_exports.observability.subject import about, current
from batch_exports.ports import ExportQuery
from batch_exports.settings import Settings
from tests.builders import keep_export, make_destination, make_export, make_run
from tests.observability.lines import logged

CANARY = "canary-5d20"


class Heard:
    """Keeps what it is told."""

    def __init__(self):
        self.news = []

    def started(self, run):
        self.news.append(("started", run.id, run.status))

    def ended(self, run):
        self.news.append(("ended", run.id, run.status))


class Unwanted(Exception):
    """Ends a transaction that is to leave nothing."""


@pytest.fixture
def settings(tmp_path):
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    return settings


@pytest.fixture
async def world(settings):
    async with build_world(settings) as world:
        yield world


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def store(world, heard):
    return ObservedStore(world.store, heard)


ends = st.sampled_from([RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
transactions = st.lists(st.tuples(st.lists(ends, max_size=3), st.booleans()), min_size=1, max_size=4)


async def told_of(settings, made):
    """What is told of transactions that each make a run and change it, and what was kept of them."""
    heard, expected = Heard(), []
    async with build_world(settings) as world:
        store, export = ObservedStore(world.store, heard), await keep_export(world.store)
        for statuses, commits in made:
            run, news = make_run(export), []
            with suppress(Unwanted):
                async with store.write() as tx:
                    await tx.runs.add(run)
                    news.append(("started", run.id, RunStatus.STARTING))
                    for status in statuses:
                        changed = await tx.runs.change(run.id, OPEN_STATUSES, status=status)
                        if changed is not None and not changed.is_open:
                            news.append(("ended", run.id, status))
                    assert heard.news == expected
                    if not commits:
                        raise Unwanted
                expected += news
    return heard.news, expected


@given(made=transactions)
def test_runs_are_told_of_once_in_order_and_never_before_what_happened_is_certain(settings, made):
    told, expected = asyncio.run(told_of(settings, made))
    assert told == expected


async def test_a_run_that_has_ended_is_not_told_of_when_its_row_changes(world, store, heard):
    export = await keep_export(world.store)
    run = make_run(export, status=RunStatus.FAILED)
    async with store.write() as tx:
        await tx.runs.add(run)
        await tx.runs.change(run.id, frozenset({RunStatus.FAILED}), latest_error="Read it again.")
        assert await tx.runs.change(run.id, OPEN_STATUSES, status=RunStatus.COMPLETED) is None
    assert heard.news == [("started", run.id, RunStatus.FAILED)]


async def test_the_log_tells_of_runs_too(world, store):
    export = await keep_export(world.store)
    run = make_run(export)
    with logged(logging.INFO) as lines:
        async with store.write() as tx:
            await tx.runs.add(run)
        async with store.write() as tx:
            await tx.runs.change(
                run.id, OPEN_STATUSES, status=RunStatus.COMPLETED, records_completed=5, bytes_exported=70
            )
    told = [{name: line[name] for name in ("run_id", "export_id", "status", "rows", "bytes")} for line in lines()]
    about = {"run_id": str(run.id), "export_id": str(export.id)}
    assert told == [
        {**about, "status": "Starting", "rows": None, "bytes": None},
        {**about, "status": "Completed", "rows": 5, "bytes": 70},
    ]


async def test_all_else_goes_through_to_the_store(world, store):
    export = await keep_export(world.store)
    async with store.write() as tx:
        run = make_run(export)
        await tx.runs.add(run)
        assert tx.connection is not None
    async with store.read() as tx:
        assert await tx.runs.find(run.id) == run
        assert await tx.runs.find(uuid4()) is None
        assert await tx.exports.due(export.next_at, 10) == [(export.project_id, export.id)]


@pytest.mark.parametrize("use", ["add", "save", "get", "page"])
async def test_credentials_that_pass_through_the_store_are_hidden_from_the_log(world, store, use):
    destination = make_destination(secrets={"aws_secret_access_key": CANARY, "copy_inputs": {"key": f"{CANARY}-2"}})
    kept = await keep_export(world.store, destination=destination)
    with about(request_id="r"):
        async with store.write() as tx:
            if use == "add":
                await tx.exports.add(make_export(project_id=kept.project_id, destination=destination))
            elif use == "save":
                await tx.exports.save(kept)
            elif use == "get":
                assert await tx.exports.get(kept.project_id, kept.id) == kept
            else:
                page, count = await tx.exports.page(ExportQuery(project_id=kept.project_id, limit=10, offset=0))
                assert (page, count) == ([kept], 1)
        assert current().secrets == {CANARY, f"{CANARY}-2"}


async def test_what_is_only_read_is_hidden_too(world, store):
    kept = await keep_export(world.store, destination=make_destination(secrets={"aws_secret_access_key": CANARY}))
    with about(request_id="r"):
        async with store.read() as tx:
            assert await tx.exports.get(kept.project_id, uuid4()) is None
            assert current().secrets == set()
            assert await tx.exports.get(kept.project_id, kept.id) == kept
        assert current().secrets == {CANARY}
