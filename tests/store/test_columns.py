"""Column types keep moments in order and texts whole."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from batch_exports.domain.runs import OPEN_STATUSES
from batch_exports.store import SqlStore
from batch_exports.store.columns import ForeignText, UtcDateTime
from tests.builders import keep_export, keep_run
from tests.store.databases import new_store

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)  # noqa: DTZ001  # zones are drawn
# Around a day only, so that zones can change the order of what is written.
close_moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 2), timezones=zones)  # noqa: DTZ001  # zones are drawn
_on_sqlite = UtcDateTime().dialect_impl(sqlite.dialect())
to_text = _on_sqlite.bind_processor(sqlite.dialect())
to_moment = _on_sqlite.result_processor(sqlite.dialect(), None)


@given(moments)
def test_a_moment_comes_back_in_utc_to_the_microsecond(moment: datetime) -> None:
    kept = to_moment(to_text(moment))

    assert kept == moment
    assert kept.tzinfo is UTC


@given(st.lists(close_moments, min_size=2, max_size=10))
def test_moments_are_kept_in_the_order_of_time_whatever_their_zones(many: list[datetime]) -> None:
    texts = [to_text(moment) for moment in sorted(many)]

    assert all(isinstance(text, str) for text in texts)
    assert all(earlier <= later for earlier, later in pairwise(texts))


async def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001  # that is the point
    async with new_store(tmp_path / "store.db") as store:
        run = await keep_run(store, await keep_export(store))

        with pytest.raises(StatementError, match="without a zone"):
            async with store.write() as tx:
                await tx.runs.change(run.id, OPEN_STATUSES, finished_at=naive)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_foreign_text_that_can_be_kept_is_kept_as_it_is(text: str) -> None:
    assert ForeignText().process_bind_param(text, sqlite.dialect()) == text


async def test_foreign_text_that_no_database_takes_is_spelled_out(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store:
        run = await keep_run(store, await keep_export(store), latest_error="bad\0name \udcff")

        assert await _error_of(store, run.id) == "bad\\x00name \\udcff"


async def _error_of(store: SqlStore, run_id) -> str | None:
    async with store.read() as tx:
        found = await tx.runs.find(run_id)
        return found and found.latest_error
