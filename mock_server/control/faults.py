"""Operations of the tag `faults`."""

from typing import Any

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, invalid, not_found
from mock_server.control.state import state_of
from mock_server.faults.book import TooManyFaultRulesError
from mock_server.faults.effects import FaultRuleError
from mock_server.faults.reach import require_reach
from mock_server.faults.rules import FaultRule, read_rule

Json = dict[str, Any]


async def list_faults(ctx: Context) -> Json:
    """List the fault rules of a world."""
    return {"results": [_rule_json(rule) for rule in state_of(ctx).sandbox.world.faults]}


async def add_fault(body: Json, ctx: Context) -> tuple[Json, int]:
    """Add a fault rule."""
    state = state_of(ctx)
    if state.strict:
        raise ApiError(409, "strict", "This mock is strict, and no rule ever applies: start it without --strict.")
    try:
        require_reach(read_rule("", body, 0), state.operations)
        return _rule_json(state.sandbox.world.faults.add(body)), 201
    except FaultRuleError as error:
        raise invalid(error.detail, error.attr) from None
    except TooManyFaultRulesError as error:
        raise ApiError(409, "too_many_fault_rules", str(error)) from None


async def clear_faults(ctx: Context) -> None:
    """Remove all fault rules of a world."""
    state_of(ctx).sandbox.world.faults.clear()


async def remove_fault(id: str, ctx: Context) -> None:
    """Remove a fault rule."""
    if not state_of(ctx).sandbox.world.faults.remove(id):
        raise not_found()


def _rule_json(rule: FaultRule) -> Json:
    names = ("id", "match", "do", "times", "after", "probability", "seed", "matched", "applied")
    return {name: getattr(rule, name) for name in names}
