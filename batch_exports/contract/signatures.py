"""Holds handlers to the contract at start-up: each must take exactly what its operation offers."""

import inspect
from collections.abc import Collection

from batch_exports.contract.operation_spec import Handler
from batch_exports.contract.spec import SpecError

CONTEXT = "ctx"
BODY = "body"

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def takes_context(handler: Handler) -> bool:
    """Whether a handler asks for the request's context."""
    return CONTEXT in inspect.signature(handler).parameters


def require_signature(operation_id: str, handler: Handler, offered: Collection[str]) -> None:
    """Raise SpecError for a handler that cannot be called with what its operation offers."""
    if not (inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None))):  # noqa: B004  # asks what kind of call it is
        raise SpecError(f"the handler of {operation_id} must be an async function")
    parameters = inspect.signature(handler).parameters.values()
    named = {each.name: each for each in parameters if each.kind in _NAMED}
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    ignored = [] if takes_all else sorted(set(offered) - named.keys())
    unknown = sorted(
        name for name, each in named.items() if each.default is each.empty and name not in (*offered, CONTEXT)
    )
    if ignored or unknown:
        raise SpecError(_mismatch(operation_id, ignored, unknown))


def _mismatch(operation_id: str, ignored: list[str], unknown: list[str]) -> str:
    problems = [f"does not take {name}, which the contract declares" for name in ignored]
    problems += [f"asks for {name}, which the contract does not declare" for name in unknown]
    return f"the handler of {operation_id} {'; it '.join(problems)}"
