"""Operations of the tag `worlds`."""

from typing import Any

from batch_exports.contract.context import Context
from batch_exports.contract.errors import not_found
from mock_server.control.state import State, state_of
from mock_server.sandboxes import Sandbox

Json = dict[str, Any]


async def list_worlds(ctx: Context) -> Json:
    """List worlds, oldest first."""
    state = state_of(ctx)
    return {"results": [_world_json(state, sandbox) for sandbox in state.sandboxes]}


async def get_world(world: str, ctx: Context) -> Json:
    """Show a world."""
    state = state_of(ctx)
    sandbox = state.sandboxes.find(world)
    if sandbox is None:
        raise not_found()
    return _world_json(state, sandbox)


async def remove_world(world: str, ctx: Context) -> None:
    """Forget a world; a request that names it makes it anew."""
    if not state_of(ctx).sandboxes.remove(world):
        raise not_found()


def _world_json(state: State, sandbox: Sandbox) -> Json:
    return {
        "id": sandbox.name,
        "scenario": sandbox.origin.scenario,
        "seed": sandbox.origin.seed,
        "now": sandbox.world.clock.target(),
        "requests": sandbox.requests,
        "snapshots": len(sandbox.snapshots),
        "idle_seconds": state.sandboxes.idle_seconds(sandbox),
    }
