"""Operations of the tag `clock`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, invalid
from batch_exports.domain.errors import Invalid
from batch_exports.domain.times import read_time
from mock_server.control.state import state_of
from mock_server.durations import parse_duration
from mock_server.leaps import require_reachable
from mock_server.progression import Progression
from mock_server.world import World

Json = dict[str, Any]


async def get_clock(ctx: Context) -> Json:
    """Show the time of a world."""
    world = state_of(ctx).sandbox.world
    # After a leap that nobody waited for, what is shown is not there yet.
    await world.settle()
    return _clock_json(world)


async def set_clock(body: Json, ctx: Context) -> Json:
    """Move the time of a world, and let everything happen that is due until then."""
    world = state_of(ctx).sandbox.world
    action = body["action"]
    _require_field(action, _FIELDS.get(action), body)
    _ACTIONS[action](world, body)
    await world.settle()
    return _clock_json(world)


async def get_progression(ctx: Context) -> Json:
    """Show how the runs of a world move."""
    return _progression_json(state_of(ctx).sandbox.world.progression)


async def set_progression(body: Json, ctx: Context) -> Json:
    """Choose how the runs of a world move; those in progress, too."""
    world = state_of(ctx).sandbox.world
    try:
        progression = Progression.of(body)
    except ValueError as error:
        raise invalid(str(error), attr="latest_error") from None
    await world.follow(progression)
    return _progression_json(world.progression)


def _freeze(world: World, _body: Json) -> None:
    world.clock.freeze()


def _advance(world: World, body: Json) -> None:
    now = world.clock.target()
    try:
        instant = now + parse_duration(body["by"])
        require_reachable(world.store.tables, now, instant)
    except OverflowError:
        raise invalid("No clock shows a moment that far away. Advance by less.", attr="by") from None
    except ValueError as error:
        raise invalid(str(error), attr="by") from None
    world.clock.leap(max(instant, world.clock.target()))


def _set(world: World, body: Json) -> None:
    now = world.clock.target()
    try:
        instant = read_time(body["instant"], attr="instant")
        _require_ahead(now, instant)
        require_reachable(world.store.tables, now, instant)
        world.clock.leap(instant)
    except Invalid as error:
        raise invalid(error.detail, attr="instant") from None
    except ValueError as error:
        raise invalid(str(error), attr="instant") from None


def _require_ahead(now: datetime, instant: datetime) -> None:
    if instant < now:
        raise ValueError(
            f"Time never runs back, and it is {now.isoformat()}: set a later instant, or restore a snapshot, or reset "
            "the world."
        )


def _scale(world: World, body: Json) -> None:
    world.clock.run(body["rate"])


def _reset(world: World, _body: Json) -> None:
    world.clock.run()


_FIELDS: Mapping[str, str] = {"advance": "by", "set": "instant", "scale": "rate"}
"""What each action needs; the others need nothing."""

_ACTIONS: Mapping[str, Callable[[World, Json], None]] = {
    "freeze": _freeze,
    "advance": _advance,
    "set": _set,
    "scale": _scale,
    "reset": _reset,
}


def _require_field(action: str, field: str | None, body: Json) -> None:
    """Raise ApiError unless an action comes with its field, and with no other."""
    if field is not None and field not in body:
        raise ApiError(400, "required", f"The action '{action}' needs '{field}'.", attr=field)
    for other in sorted(body.keys() - {"action", field}):
        raise invalid(f"The action '{action}' takes no '{other}': leave it out.", attr=other)


def _clock_json(world: World) -> Json:
    clock = world.clock
    return {"now": clock.target(), "rate": clock.rate, "frozen": clock.is_frozen}


def _progression_json(progression: Progression) -> Json:
    return {
        "mode": progression.mode,
        "polls": progression.polls,
        "outcome": progression.outcome,
        "latest_error": progression.latest_error,
    }
