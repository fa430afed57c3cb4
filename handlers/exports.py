"""Operations of the tag `exports`."""

from typing import Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.ports import ExportQuery
from handlers._deps import destination_check, services
from handlers._logs import LogFilters, log_page
from handlers._shapes import export_json

Json = dict[str, Any]
Created = tuple[Json, int, dict[str, str]]


async def list_exports(limit: int, offset: int, ctx: Context) -> Json:
    """List a project's exports, newest first."""
    query = ExportQuery(project_id=ctx.project_id, limit=limit, offset=offset)
    exports, count = await services(ctx).exports.page(query)
    return {
        "count": count,
        "next": ctx.url(limit=limit, offset=offset + limit) if offset + limit < count else None,
        "previous": ctx.url(limit=limit, offset=max(0, offset - limit) or None) if offset else None,
        "results": [export_json(export, runs) for export, runs in exports],
    }


async def create_export(body: Json, ctx: Context) -> Created:
    """Make an export."""
    export, runs = await services(ctx).exports.create(ctx.project_id, body)
    return export_json(export, runs), 201, {"Location": f"{ctx.base_url}/{export.id}/"}


async def get_export(id: UUID, ctx: Context) -> Json:
    """Show an export with its newest runs."""
    return export_json(*await services(ctx).exports.get(ctx.project_id, id))


async def replace_export(id: UUID, body: Json, ctx: Context) -> Json:
    """Change an export as a whole."""
    return export_json(*await services(ctx).exports.replace(ctx.project_id, id, body, destination_check(ctx)))


async def update_export(id: UUID, body: Json, ctx: Context) -> Json:
    """Change some fields of an export."""
    return export_json(*await services(ctx).exports.update(ctx.project_id, id, body, destination_check(ctx)))


async def delete_export(id: UUID, ctx: Context) -> None:
    """Delete an export."""
    await services(ctx).exports.delete(ctx.project_id, id)


async def pause_export(id: UUID, ctx: Context, **_ignored: Any) -> Json:
    """Stop an export's schedule, whatever body a client sends along."""
    await services(ctx).exports.pause(ctx.project_id, id)
    return {"paused": True}


async def unpause_export(id: UUID, body: Json | None, ctx: Context) -> Json:
    """Start an export's schedule again."""
    wanted = bool((body or {}).get("backfill"))
    backfill = await services(ctx).exports.unpause(ctx.project_id, id, backfill=wanted)
    return {"paused": False, "backfill_id": None if backfill is None else backfill.id}


async def backfill_export(id: UUID, body: Json, ctx: Context) -> Json:
    """Backfill an export, by the route that clients of the older API use."""
    backfill = await services(ctx).backfills.create(ctx.project_id, id, body)
    return {"backfill_id": backfill.id}


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
