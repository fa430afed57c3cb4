"""On every database, what a question costs does not grow with history: counted in pages or in steps, not in time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from batch_exports.store import SqlStore
from benchmarks.store.cost import cost_of
from benchmarks.store.history import BUSY, fill
from benchmarks.store.questions import Question, questions
from tests.builders import NOW
from tests.postgres import PostgresServer
from tests.store.databases import new_store, url_of
from tests.store.questions import INTERVAL, WALKS, logs, runs

SHORT, LONG = 2_000, 20_000
CHANGES = {"runs, change", "answers, by key", "answers, old"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def histories(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> AsyncIterator[dict[int, SqlStore]]:
    """A store with a short history and one with a long one."""
    stores = {}
    for count in (SHORT, LONG):
        url = url_of(tmp_path / f"{count}.db") if request.param == "sqlite" else postgres.create_database()
        stores[count] = new_store(url)
        await fill(stores[count], url, count)
    yield stores
    for store in stores.values():
        await store.aclose()


def asked(history: int) -> dict[str, Question]:
    """All kinds of pages from the middle of a history, under windows that take in all of it."""
    first, middle = NOW - timedelta(minutes=history), NOW - timedelta(minutes=history // 2)
    place = {"export_id": BUSY, "position": (middle, UUID(int=0)), "limit": 10}
    window = {"created_from": first, "created_until": NOW}
    entries = {"export_id": BUSY, "position": (middle, 0), "limit": 10, "after": first, "before": NOW}
    return {
        **questions(history),
        "runs before": runs(**place, **window, backwards=True),
        "runs, oldest first": runs(**place, **window, descending=False),
        "runs by interval": runs(**place, order_by=INTERVAL, interval_from=first, interval_until=NOW),
        "logs in a window": logs(**entries),
    }


async def test_no_page_costs_more_with_ten_times_the_history(histories: dict[int, SqlStore]) -> None:
    for name in asked(SHORT):
        short, long = [await cost_of(histories[count], asked(count)[name]) for count in (SHORT, LONG)]
        # A tree of ten times the size may be a level deeper at each place where it is entered.
        assert long.work <= 1.5 * short.work + 5, (name, short.work, long.work, long.plan)


@pytest.mark.parametrize("histories", ["postgresql"], indirect=True)
async def test_nothing_that_is_asked_reads_a_table_with_history_from_end_to_end(histories: dict[int, SqlStore]) -> None:
    for name, (ask, _) in WALKS.items():
        if name not in CHANGES:
            plan = (await cost_of(histories[LONG], ask)).plan
            assert not [step for step in plan if "Seq Scan runs" in step or "Seq Scan logs" in step], (name, plan)
