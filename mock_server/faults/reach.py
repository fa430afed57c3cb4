"""Whether fault rules can ever be for a request of the contract."""

from difflib import get_close_matches

from mock_server.examples import has_body
from mock_server.faults.effects import FaultRuleError
from mock_server.faults.rules import FaultRule
from mock_server.operations import Operations


def require_reach(rule: FaultRule, operations: Operations) -> None:
    """Raise FaultRuleError for a rule that no request can be for, or that has nothing to work on."""
    operation_id, method = rule.match.get("operation"), rule.match.get("method")
    needs_body = rule.effect.cut is not None and rule.effect.cut.needs_body
    if needs_body and method == "HEAD":
        raise FaultRuleError("do__cut", f"Answers to HEAD have no body to {rule.effect.cut}.")
    if operation_id is None:
        return
    operation = operations.get(operation_id)
    if operation is None:
        near = get_close_matches(operation_id, operations.ids, n=3, cutoff=0.4) or sorted(operations.ids)
        raise FaultRuleError(
            "match__operation", f"There is no operation '{operation_id}'. The nearest are: {', '.join(near)}."
        )
    if method not in (None, operation.method) and (method, operation.method) != ("HEAD", "GET"):
        raise FaultRuleError("match__method", f"{operation_id} is asked for with {operation.method}, never {method}.")
    if needs_body and not has_body(operation, operation.success_status):
        raise FaultRuleError("do__cut", f"{operation_id} answers without a body to {rule.effect.cut}.")
