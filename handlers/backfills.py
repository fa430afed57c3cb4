"""Operations of the tag `backfills`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.ports import BackfillQuery, Transaction
from batch_exports.services.backfills import BackfillWithCounts
from handlers._deps import actor, services
from handlers._once import Answer, answer_once
from handlers._pages import Cursor, page_json
from handlers._shapes import backfill_json

Json = dict[str, Any]

PAGE_SIZE = 50


async def list_backfills(batch_export_id: UUID, cursor: str | None, ordering: str, ctx: Context) -> Json:
    """List an export's backfills."""
    position = Cursor.read(cursor)
    order_by = ordering.lstrip("-")
    query = BackfillQuery(
        export_id=batch_export_id,
        order_by=order_by,
        descending=ordering.startswith("-"),
        limit=PAGE_SIZE + 1,
        position=position.position,
        backwards=position.backwards,
    )
    backfills = await services(ctx).backfills.page(ctx.project_id, query)

    def position_of(row: BackfillWithCounts) -> tuple[datetime, UUID]:
        return (row[0].created_at if order_by == "created_at" else row[0].start_at), row[0].id

    return page_json(ctx, position, backfills, PAGE_SIZE, position_of, lambda row: backfill_json(*row))


async def create_backfill(batch_export_id: UUID, body: Json, idempotency_key: str | None, ctx: Context) -> Answer:
    """Export a past range again."""
    found = services(ctx)

    async def make(tx: Transaction) -> Answer:
        backfill = await found.backfills.create(tx, ctx.project_id, batch_export_id, body, actor(ctx))
        location = f"{ctx.base_url}/{batch_export_id}/backfills/{backfill.id}/"
        return {"backfill_id": backfill.id}, 201, {"Location": location}

    return await answer_once(ctx, found.idempotency, idempotency_key, [batch_export_id, body], make)


async def get_backfill(batch_export_id: UUID, id: UUID, ctx: Context) -> Json:
    """Show a backfill with its progress."""
    return backfill_json(*await services(ctx).backfills.get(ctx.project_id, batch_export_id, id))


async def cancel_backfill(batch_export_id: UUID, id: UUID, ctx: Context, **_ignored: Any) -> Json:
    """Stop a backfill and its runs, whatever body a client sends along."""
    backfill = await services(ctx).backfills.cancel(ctx.project_id, batch_export_id, id, actor(ctx))
    return {"cancelled": True, "status": backfill.status}
