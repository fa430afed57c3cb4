"""Operations of the tag `catalog`."""

from typing import Any

from batch_exports.contract.context import Context
from mock_server.control.state import state_of
from mock_server.personas import KEYS, authenticate

Json = dict[str, Any]


async def list_operations(ctx: Context) -> Json:
    """List the operations of the API that is mocked."""
    operations = state_of(ctx).operations
    return {"results": [{"id": each.id, "method": each.method, "path": each.path} for each in operations]}


async def list_personas(ctx: Context) -> Json:
    """List the keys that the mock knows, and what each may do in a world."""
    treated_as = state_of(ctx).sandbox.world.personas
    return {"results": [await _persona_json(name, treated_as.get(name, name)) for name in KEYS]}


async def _persona_json(name: str, treated_as: str) -> Json:
    principal = await authenticate(KEYS[treated_as])
    return {
        "name": name,
        "key": KEYS[name],
        "project_ids": sorted(principal.project_ids) if principal else [],
        "scopes": sorted(principal.scopes) if principal else [],
    }
