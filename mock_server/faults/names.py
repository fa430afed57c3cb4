"""Faults that the name of an export asks for, for clients that cannot add headers."""

import asyncio
from collections.abc import Callable, Mapping

import orjson
from starlette.types import Message, Receive

from batch_exports.contract.errors import ApiError, server_error
from mock_server.canned import not_available, too_many_requests
from mock_server.journal.exchange import Exchange

WRITERS = frozenset({"create_export", "replace_export", "update_export"})
"""Operations whose body has the name of an export."""

_SLOW = "mock:slow"
_SLOW_SECONDS = 2.0
_MARK = b"mock:"
_ERRORS: Mapping[str, Callable[[], ApiError]] = {
    "mock:429": lambda: too_many_requests(1),
    "mock:500": server_error,
    "mock:503": not_available,
}


def heeding_names(receive: Receive, exchange: Exchange) -> Receive:
    """`receive`, such that a body with a name that asks for a fault gets it, and the exchange says so.

    What it raises is answered as any refusal of a body is, by production's code: to those alone who may write.
    """
    body = bytearray()

    async def received() -> Message:
        message = await receive()
        body.extend(message.get("body", b""))
        if _MARK in body and not message.get("more_body"):
            await _heed(_name_in(body), exchange)
        return message

    return received


async def _heed(name: str, exchange: Exchange) -> None:
    for mark, error in _ERRORS.items():
        if mark in name:
            exchange.fault, exchange.source = mark, "fault"
            raise error()
    if _SLOW in name:
        exchange.fault = _SLOW
        await asyncio.sleep(_SLOW_SECONDS)


def _name_in(body: bytes | bytearray) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
