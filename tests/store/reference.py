"""The port's pages in their plainest form, to compare a store with; and how a client walks through pages."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from batch_exports.ports import BackfillQuery, ExportQuery, LogQuery, RunQuery
from tests.builders import NOW

# One claim runs for several stores, each in a class of its own; nothing is replayed from one to the other.
for_any_store = settings(
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.differing_executors]
)

# Few moments, so that ties are the rule; some a microsecond apart, so that nothing gets away with rounding.
moments = st.builds(
    lambda minutes, micros: NOW + timedelta(minutes=minutes, microseconds=micros),
    st.integers(0, 4),
    st.integers(0, 1),
)
limits = st.integers(1, 7)


def page_of(rows: Iterable[Any], query: RunQuery | BackfillQuery) -> list[Any]:
    """The page of rows that fit the query's filters."""
    falling = query.descending != query.backwards

    def key(row: Any) -> tuple[Any, ...]:
        return getattr(row, query.order_by), row.id

    ordered = sorted(rows, key=key, reverse=falling)
    if query.position is not None:
        edge = query.position
        ordered = [row for row in ordered if (key(row) < edge if falling else key(row) > edge)]
    return ordered[: query.limit]


def run_fits(row: Any, query: RunQuery) -> bool:
    """Whether a run passes the filters of a query."""
    return (
        (not query.statuses or row.status in query.statuses)
        and (query.created_from is None or row.created_at >= query.created_from)
        and (query.created_until is None or row.created_at <= query.created_until)
        and (query.interval_from is None or row.data_interval_start >= query.interval_from)
        and (query.interval_until is None or row.data_interval_end <= query.interval_until)
    )


def log_fits(row: Any, query: LogQuery) -> bool:
    """Whether a log entry passes the filters of a query."""
    return (
        (query.run_id is None or row.run_id == query.run_id)
        and (not query.levels or row.level in query.levels)
        and (not query.search or _lower(query.search) in _lower(row.message))
        and (query.after is None or row.timestamp > query.after)
        and (query.before is None or row.timestamp < query.before)
    )


def export_fits(row: Any, query: ExportQuery) -> bool:
    """Whether an export passes the filters of a query."""
    return (
        row.project_id == query.project_id
        and (query.search is None or _lower(query.search) in _lower(row.name))
        and (query.paused is None or row.paused == query.paused)
        and (query.model is None or row.model == query.model)
        and (query.interval is None or row.schedule.interval == query.interval)
        and (query.destination_type is None or row.destination.type == query.destination_type)
    )


def _lower(text: str) -> bytes:
    # Bytes know the case of ASCII letters alone.
    return text.encode().lower()


async def walk(
    read_page: Callable[[Any], Awaitable[Sequence[Any]]],
    query: Any,
    position_of: Callable[[Any], Any],
    between: Callable[[], Awaitable[None]],
) -> list[Any]:
    """All rows of a query, each page from the position of the last row; `between` happens after each page."""
    seen: list[Any] = []
    while page := await read_page(query):
        assert len(seen) < 100, "the walk does not end"
        seen.extend(page)
        query = replace(query, position=position_of(page[-1]))
        await between()
    return seen
