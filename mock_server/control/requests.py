"""Operations of the tag `requests`."""

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import version
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Send

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.request import Request
from mock_server.control.state import State, state_of
from mock_server.journal.exchange import Exchange
from mock_server.journal.har import to_har
from mock_server.journal.reasons import Reasons
from mock_server.journal.rendering import render
from mock_server.journal.stream import SHUTDOWN, stream
from mock_server.journal.verification import bounds, verify

Json = dict[str, Any]

_DISTRIBUTION = "batch-exports"
_CONFLICT = 409
_MOST_DIGITS = 15


async def list_requests(operation: str | None, status: int | None, since: int | None, limit: int, ctx: Context) -> Json:
    """List what was asked, oldest first."""
    state = state_of(ctx)
    _require_operation(state, operation)
    reasons = Reasons(state.operations)
    newest = list(islice(_newest(state, operation, status, since), limit))
    return {"results": [render(exchange, reasons) for exchange in reversed(newest)]}


async def clear_requests(ctx: Context) -> None:
    """Forget what was asked."""
    state_of(ctx).sandbox.journal.clear()


async def verify_requests(body: Json, ctx: Context) -> Json | tuple[Json, int]:
    """Check that something was asked."""
    state = state_of(ctx)
    _require_operation(state, body.get("operation"))
    least, most = bounds(body)
    if most is not None and least > most:
        raise invalid(f"No count is at least {least} and at most {most}.", attr="count")
    verdict = verify(body, state.sandbox.journal)
    return verdict if verdict["verified"] else (verdict, _CONFLICT)


async def export_har(ctx: Context) -> Json:
    """Export what was asked as HAR 1.2."""
    state = state_of(ctx)
    return to_har(state.sandbox.journal, Reasons(state.operations), version(_DISTRIBUTION))


async def stream_requests(state: State, request: Request, receive: Receive, send: Send) -> None:
    """Tell of what is asked as it ends; raises ApiError before anything is sent."""
    journal, reasons = state.sandbox.journal, Reasons(state.operations)
    with journal.followed(_read_since(request)) as follower:
        request.scope.get("extensions", {}).get(SHUTDOWN, {})["end"] = follower.close
        await stream(follower, lambda exchange: render(exchange, reasons), receive, send)


def _newest(state: State, operation: str | None, status: int | None, since: int | None) -> Iterator[Exchange]:
    journal = state.sandbox.journal
    for exchange in reversed(list(journal) if since is None else journal.after(since)):
        if operation in (None, exchange.operation) and status in (None, exchange.status):
            yield exchange


def _require_operation(state: State, operation: str | None) -> None:
    """Raise ApiError for an operation that the contract does not have: nothing would ever be found of it."""
    if operation is None or operation in state.operations.ids:
        return
    alike = get_close_matches(operation, sorted(state.operations.ids), n=3)
    advice = f" Did you mean {' or '.join(alike)}?" if alike else ""
    raise ApiError(400, "invalid_choice", f"The contract has no operation '{operation}'.{advice}", attr="operation")


def _read_since(request: Request) -> int | None:
    """The number after which a stream goes on: what a client has seen last, else what its query says."""
    seen = request.header(b"last-event-id")
    if seen:
        return _number(seen, "Last-Event-ID")
    given = dict(parse_qsl(request.scope["query_string"].decode("latin-1"))).get("since")
    return None if given is None else _number(given, "since")


def _number(text: str, attr: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise invalid("A valid integer is required.", attr=attr)
    return int(text)
