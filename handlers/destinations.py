"""Operations of the tag `destinations`."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.domain.destinations import connection_checks
from handlers._deps import destination_check, services
from handlers._shapes import check_json

if TYPE_CHECKING:
    from handlers._bodies import NewTestStepRequest, SavedTestStepRequest

Json = dict[str, Any]


async def list_test_steps(destination: str) -> Json:
    """List the connection checks of a destination type."""
    return {"steps": [check_json(step) for step in connection_checks(destination)]}


async def run_new_test_step(body: "NewTestStepRequest", ctx: Context) -> Json:
    """Run a connection check with settings that are not saved yet."""
    return check_json(await services(ctx).destinations.run_new_step(body))


async def run_test_step(id: UUID, body: "SavedTestStepRequest | None", ctx: Context) -> Json:
    """Run a connection check with an export's settings."""
    check = destination_check(ctx)
    return check_json(await services(ctx).destinations.run_step(ctx.project_id, id, body or {}, check))
