"""Operations of the tag `snapshots`."""

from typing import Any

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, not_found
from mock_server.control.state import state_of
from mock_server.sandboxes import Sandbox
from mock_server.snapshots import Snapshot, TooManySnapshotsError
from mock_server.snapshots import take_snapshot as take
from mock_server.world_fixture import world_fixture

Json = dict[str, Any]


async def list_snapshots(ctx: Context) -> Json:
    """List the snapshots of a world, oldest first."""
    return {"results": [_snapshot_json(name, each) for name, each in state_of(ctx).sandbox.snapshots]}


async def get_snapshot(name: str, ctx: Context) -> Json:
    """Read a snapshot as a fixture file."""
    sandbox = state_of(ctx).sandbox
    snapshot = _find(sandbox, name)
    text = f"Snapshot '{name}' of the world '{sandbox.name}', which began as '{snapshot.origin.scenario}'."
    return world_fixture(snapshot.world, text)


async def take_snapshot(name: str, ctx: Context) -> Json:
    """Keep the state of a world, instead of what was kept under the same name."""
    sandbox = state_of(ctx).sandbox
    try:
        sandbox.snapshots.require_room(name)
        snapshot = await take(sandbox.world, sandbox.origin)
        sandbox.snapshots.keep(name, snapshot)
    except TooManySnapshotsError as error:
        raise ApiError(409, "too_many_snapshots", str(error), attr="name") from None
    return _snapshot_json(name, snapshot)


async def drop_snapshot(name: str, ctx: Context) -> None:
    """Forget a snapshot."""
    if not state_of(ctx).sandbox.snapshots.drop(name):
        raise not_found()


async def restore_snapshot(name: str, ctx: Context) -> Json:
    """Take a world back to a snapshot; journal and snapshots stay."""
    sandbox = state_of(ctx).sandbox
    snapshot = _find(sandbox, name)
    sandbox.world, sandbox.origin = snapshot.awake(), snapshot.origin
    return _snapshot_json(name, snapshot)


def _find(sandbox: Sandbox, name: str) -> Snapshot:
    snapshot = sandbox.snapshots.get(name)
    if snapshot is None:
        raise not_found()
    return snapshot


def _snapshot_json(name: str, snapshot: Snapshot) -> Json:
    tables = snapshot.world.store.tables
    return {
        "name": name,
        "at": snapshot.at,
        "scenario": snapshot.origin.scenario,
        "exports": len(tables.exports),
        "runs": sum(len(tables.runs_by_creation.get(export_id) or ()) for export_id in tables.exports),
    }
