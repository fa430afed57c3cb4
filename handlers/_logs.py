"""The log of an export and that of a run are one list, filtered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError
from batch_exports.contract.paging import decode_cursor, encode_cursor
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.times import read_time
from batch_exports.ports import LogQuery
from handlers._deps import services
from handlers._shapes import log_json

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogFilters:
    """The query parameters of a log, as sent."""

    limit: int
    cursor: str | None
    after: str | None
    before: str | None
    level: list[str] | None
    search: str | None

    def query(self, export_id: UUID, run_id: UUID | None) -> LogQuery:
        """The query of one page and one entry more, which tells whether another page follows."""
        return LogQuery(
            export_id=export_id,
            run_id=run_id,
            limit=self.limit + 1,
            levels=frozenset(map(_level, self.level or ())),
            search=self.search,
            after=None if self.after is None else read_time(self.after, attr="after"),
            before=None if self.before is None else read_time(self.before, attr="before"),
            position=None if self.cursor is None else _position(self.cursor),
        )


async def log_page(ctx: Context, export_id: UUID, instance_id: UUID | None, filters: LogFilters) -> Json:
    """One page of an export's log, newest entry first."""
    found = await services(ctx).logs.page(ctx.project_id, filters.query(export_id, instance_id))
    return _page_json(ctx, filters.limit, *found)


async def run_log_page(ctx: Context, export_id: UUID, run_id: UUID, filters: LogFilters) -> Json:
    """One page of a run's log, newest entry first."""
    query = filters.query(export_id, run_id)
    return _page_json(ctx, filters.limit, *await services(ctx).logs.page_of_run(ctx.project_id, query, run_id))


def _page_json(ctx: Context, limit: int, entries: Sequence[LogEntry], count: int) -> Json:
    page = entries[:limit]
    return {
        "count": count,
        "next": _next(ctx, page) if len(entries) > limit else None,
        "previous": None,
        "results": [log_json(entry) for entry in page],
    }


def _next(ctx: Context, page: Sequence[LogEntry]) -> str:
    last = page[-1]
    return ctx.url(cursor=encode_cursor([last.timestamp.isoformat(), last.sequence]))


def _level(name: str) -> LogLevel:
    upper = name.upper()
    return LogLevel("WARNING" if upper == "WARN" else upper)


def _position(cursor: str) -> tuple[datetime, int]:
    time, sequence = decode_cursor(cursor, length=2)
    try:
        moment = datetime.fromisoformat(time).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise ApiError(404, "not_found", "Invalid cursor") from None
    if not isinstance(sequence, int) or not 0 <= sequence < 2**53:
        raise ApiError(404, "not_found", "Invalid cursor")
    return moment, sequence
