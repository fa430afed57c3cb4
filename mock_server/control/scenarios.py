"""Operations of the tag `scenarios`."""

from datetime import datetime
from typing import Any

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, invalid
from mock_server.clock import read_moment
from mock_server.control.state import state_of
from mock_server.documents import FixtureError
from mock_server.library import UnknownScenarioError
from mock_server.sandboxes import Sandbox, Sandboxes
from mock_server.templates import Origin

Json = dict[str, Any]


async def list_scenarios(ctx: Context) -> Json:
    """List scenarios by name."""
    described = state_of(ctx).sandboxes.templates.library.describe()
    return {"results": [{"name": name, "description": text} for name, text in described.items()]}


async def get_scenario(ctx: Context) -> Json:
    """Show what a world began with."""
    return _origin_json(state_of(ctx).sandbox)


async def set_scenario(body: Json, ctx: Context) -> Json:
    """Begin a world anew in a scenario."""
    state = state_of(ctx)
    origin = Origin(body["name"], body.get("seed", state.sandboxes.origin.seed), _moment(body.get("now")))
    try:
        return _begin(state.sandboxes, state.sandbox, origin)
    except UnknownScenarioError as error:
        raise ApiError(404, "not_found", str(error), attr="name") from None


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else read_moment(text)
    except ValueError as error:
        raise invalid(str(error), attr="now") from None


async def reset_world(ctx: Context) -> Json:
    """Take a world back to what it began with."""
    state = state_of(ctx)
    try:
        return _begin(state.sandboxes, state.sandbox, state.sandbox.origin)
    except UnknownScenarioError as error:
        # It was one of the user's own, whose file has gone.
        raise ApiError(400, "invalid_input", str(error)) from None


def _begin(sandboxes: Sandboxes, sandbox: Sandbox, origin: Origin) -> Json:
    try:
        sandboxes.begin(sandbox, origin)
    except FixtureError as error:
        raise ApiError(400, "invalid_input", str(error), attr="name") from None
    return _origin_json(sandbox)


def _origin_json(sandbox: Sandbox) -> Json:
    origin = sandbox.origin
    return {"world": sandbox.name, "name": origin.scenario, "seed": origin.seed, "now": origin.now}
