"""Operations of the tag `exports`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.domain.exports import Export, Model
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Interval
from batch_exports.ports import ActivityQuery, ExportQuery, Transaction
from handlers._deps import actor, destination_check, services
from handlers._logs import LogFilters, log_page
from handlers._once import Answer, answer_once
from handlers._pages import Cursor, page_json
from handlers._shapes import activity_json, export_json
from handlers._versions import change_of, etag

if TYPE_CHECKING:
    from handlers._bodies import BatchExportCreate, BatchExportReplace, BatchExportUpdate, UnpauseRequest

Json = dict[str, Any]


async def list_exports(
    limit: int,
    offset: int,
    search: str | None,
    paused: bool | None,
    model: str | None,
    interval: str | None,
    destination_type: str | None,
    ordering: str,
    latest_runs: int,
    ctx: Context,
) -> Json:
    """List a project's exports."""
    query = ExportQuery(
        project_id=ctx.project_id,
        limit=limit,
        offset=offset,
        order_by=ordering.lstrip("-"),
        descending=ordering.startswith("-"),
        search=search,
        paused=paused,
        model=None if model is None else Model(model),
        interval=None if interval is None else Interval(interval),
        destination_type=destination_type,
    )
    exports, count = await services(ctx).exports.page(query, latest_runs)
    return {
        "count": count,
        "next": ctx.url(limit=limit, offset=offset + limit) if offset + limit < count else None,
        "previous": ctx.url(limit=limit, offset=max(0, offset - limit) or None) if offset else None,
        "results": [export_json(export, runs) for export, runs in exports],
    }


async def create_export(body: "BatchExportCreate", idempotency_key: str | None, ctx: Context) -> Answer:
    """Make an export."""
    found = services(ctx)

    async def make(tx: Transaction) -> Answer:
        export = await found.exports.create(tx, ctx.project_id, body, actor(ctx))
        location = f"{ctx.base_url}/{export.id}/"
        return export_json(export, ()), 201, {"Location": location, "ETag": etag(export)}

    return await answer_once(ctx, found.idempotency, idempotency_key, body, make)


async def get_export(id: UUID, latest_runs: int, ctx: Context) -> Answer:
    """Show an export with its newest runs."""
    return _shown(*await services(ctx).exports.get(ctx.project_id, id, latest_runs))


async def replace_export(id: UUID, body: "BatchExportReplace", if_match: str | None, ctx: Context) -> Answer:
    """Change an export as a whole."""
    return _shown(*await services(ctx).exports.replace(change_of(ctx, id, if_match), body, destination_check(ctx)))


async def update_export(id: UUID, body: "BatchExportUpdate", if_match: str | None, ctx: Context) -> Answer:
    """Change some fields of an export."""
    return _shown(*await services(ctx).exports.update(change_of(ctx, id, if_match), body, destination_check(ctx)))


async def delete_export(id: UUID, if_match: str | None, ctx: Context) -> None:
    """Delete an export."""
    await services(ctx).exports.delete(change_of(ctx, id, if_match))


async def pause_export(id: UUID, ctx: Context, **_ignored: Any) -> Json:
    """Stop an export's schedule, whatever body a client sends along."""
    await services(ctx).exports.pause(change_of(ctx, id))
    return {"paused": True}


async def unpause_export(id: UUID, body: "UnpauseRequest | None", ctx: Context) -> Json:
    """Start an export's schedule again."""
    wanted = bool((body or {}).get("backfill"))
    backfill = await services(ctx).exports.unpause(change_of(ctx, id), backfill=wanted)
    return {"paused": False, "backfill_id": None if backfill is None else backfill.id}


async def backfill_export(id: UUID, body: Json, idempotency_key: str | None, ctx: Context) -> Answer:
    """Backfill an export, by the route that clients of the older API use."""
    found = services(ctx)

    async def make(tx: Transaction) -> Answer:
        backfill = await found.backfills.create(tx, ctx.project_id, id, body, actor(ctx))
        return {"backfill_id": backfill.id}, 200, {}

    return await answer_once(ctx, found.idempotency, idempotency_key, [id, body], make)


async def list_export_activity(id: UUID, limit: int, cursor: str | None, ctx: Context) -> Json:
    """List who changed what of an export, newest first."""
    position = Cursor.read(cursor)
    query = ActivityQuery(export_id=id, limit=limit + 1, position=position.position, backwards=position.backwards)
    entries = await services(ctx).activity.page_of_export(ctx.project_id, query)
    return page_json(ctx, position, entries, limit, lambda entry: (entry.created_at, entry.id), activity_json)


async def list_export_logs(
    id: UUID,
    limit: int,
    cursor: str | None,
    after: str | None,
    before: str | None,
    level: list[str] | None,
    search: str | None,
    instance_id: UUID | None,
    ctx: Context,
) -> Json:
    """List what an export's runs have said, newest first."""
    filters = LogFilters(limit, cursor, after, before, level, search)
    return await log_page(ctx, id, instance_id, filters)


def _shown(export: Export, runs: Sequence[Run]) -> Answer:
    return export_json(export, runs), 200, {"ETag": etag(export)}
