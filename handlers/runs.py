"""Operations of the tag `runs`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.domain.relative_times import read_relative_time
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports import RunQuery, Transaction
from handlers._deps import actor, services
from handlers._logs import LogFilters, run_log_page
from handlers._once import Answer, answer_once
from handlers._pages import Cursor, page_json
from handlers._shapes import run_json

Json = dict[str, Any]

DEFAULT_WINDOW = "-7d"
"""How far back a list of runs reaches unless asked otherwise (`all` for all of them)."""


async def list_runs(
    batch_export_id: UUID,
    cursor: str | None,
    ordering: str,
    status: list[str] | None,
    after: str | None,
    before: str | None,
    start: str | None,
    end: str | None,
    page_size: int,
    ctx: Context,
) -> Json:
    """List an export's runs; the ordering chooses which pair of bounds applies."""
    position = Cursor.read(cursor)
    order_by = ordering.lstrip("-")
    by_creation = order_by == "created_at"
    low, high = _window(ctx, ("after", after), ("before", before)) if by_creation else (None, None)
    first, last = (None, None) if by_creation else _window(ctx, ("start", start), ("end", end))
    query = RunQuery(
        export_id=batch_export_id,
        order_by=order_by,
        descending=ordering.startswith("-"),
        limit=page_size + 1,
        position=position.position,
        backwards=position.backwards,
        statuses=frozenset(RunStatus(value) for value in status or ()),
        created_from=low,
        created_until=high,
        interval_from=first,
        interval_until=last,
    )
    runs = await services(ctx).runs.page(ctx.project_id, query)

    def position_of(run: Run) -> tuple[datetime, UUID]:
        return (run.created_at if by_creation else run.data_interval_start), run.id

    return page_json(ctx, position, runs, page_size, position_of, run_json)


async def get_run(batch_export_id: UUID, id: UUID, ctx: Context) -> Json:
    """Show a run."""
    return run_json(await services(ctx).runs.get(ctx.project_id, batch_export_id, id))


async def cancel_run(batch_export_id: UUID, id: UUID, ctx: Context, **_ignored: Any) -> Json:
    """Stop a run, whatever body a client sends along."""
    run = await services(ctx).runs.cancel(ctx.project_id, batch_export_id, id, actor(ctx))
    return {"cancelled": True, "status": run.status}


async def retry_run(
    batch_export_id: UUID, id: UUID, idempotency_key: str | None, ctx: Context, **_ignored: Any
) -> Answer:
    """Export a run's interval again, whatever body a client sends along."""
    found = services(ctx)

    async def make(tx: Transaction) -> Answer:
        backfill, run = await found.runs.retry(tx, ctx.project_id, batch_export_id, id, actor(ctx))
        location = f"{ctx.base_url}/{batch_export_id}/runs/{run.id}/"
        return {"backfill_id": backfill.id, "run_id": run.id}, 201, {"Location": location}

    return await answer_once(ctx, found.idempotency, idempotency_key, [batch_export_id, id], make)


async def list_run_logs(
    batch_export_id: UUID,
    id: UUID,
    limit: int,
    cursor: str | None,
    after: str | None,
    before: str | None,
    level: list[str] | None,
    search: str | None,
    ctx: Context,
) -> Json:
    """List what a run has said, newest first."""
    return await run_log_page(ctx, batch_export_id, id, LogFilters(limit, cursor, after, before, level, search))


def _window(
    ctx: Context, low: tuple[str, str | None], high: tuple[str, str | None]
) -> tuple[datetime | None, datetime | None]:
    now = services(ctx).clock.now()
    (low_name, low_text), (high_name, high_text) = low, high
    return (
        read_relative_time(low_text or DEFAULT_WINDOW, now, attr=low_name),
        None if high_text is None else read_relative_time(high_text, now, attr=high_name),
    )
