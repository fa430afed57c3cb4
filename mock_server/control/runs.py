"""Operations of the tag `runs`."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, invalid, not_found
from batch_exports.domain.runs import Run, RunStatus
from mock_server.control.state import state_of
from mock_server.memory.tables import Tables, visible
from mock_server.playback import IllegalStepError
from mock_server.progression import NEXT

Json = dict[str, Any]


async def list_all_runs(ctx: Context, limit: int = 100) -> Json:
    """List the newest runs of all exports that are not deleted."""
    world = state_of(ctx).sandbox.world
    await world.settle()
    tables = world.store.tables
    return {"results": [_run_json(tables, run) for run in islice(_newest(tables), limit)]}


async def step_run(id: UUID, ctx: Context, body: Json | None = None) -> Json:  # the contract's name
    """Move a run to its next status, or to a chosen one."""
    world, given = state_of(ctx).sandbox.world, body or {}
    to = RunStatus(given["to"]) if "to" in given else None
    try:
        run = await world.push(id, to, given.get("latest_error"))
    except IllegalStepError as error:
        raise ApiError(409, "conflict", str(error), attr="to") from None
    except ValueError as error:
        raise invalid(str(error), attr="latest_error") from None
    if run is None:
        raise not_found("There is no such run. GET /__mock/runs lists those that there are.")
    return _run_json(world.store.tables, run)


def _newest(tables: Tables) -> Iterator[Run]:
    of_exports = [visible(tables, tables.runs_by_creation, export_id) for export_id in tables.exports]
    keys = merge(*(index.descending() for index in of_exports if index is not None), reverse=True)
    return (tables.runs[run_id] for _, run_id in keys)


def _run_json(tables: Tables, run: Run) -> Json:
    return {
        "id": run.id,
        "project_id": run.project_id,
        "batch_export_id": run.export_id,
        "batch_export_name": tables.exports[run.export_id].name,
        "status": run.status,
        "next": NEXT.get(run.status, ()),
        "created_at": run.created_at,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "records_completed": run.records_completed,
        "records_total_count": run.records_total_count,
        "latest_error": run.latest_error,
    }
