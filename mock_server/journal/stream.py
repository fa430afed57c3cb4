"""Exchanges as they end, as server-sent events."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import Receive, Send

from mock_server.journal.exchange import Exchange
from mock_server.journal.followers import Follower

HEARTBEAT_SECONDS = 15.0
"""After so long without an event a comment is sent, by which both sides learn that the other one is there."""

SHUTDOWN = "mock.shutdown"
"""The extension of a request that tells its server how to `end` the answer when it shuts down."""

_HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]

Render = Callable[[Exchange], dict[str, Any]]


async def stream(
    follower: Follower, render: Render, receive: Receive, send: Send, *, heartbeat: float = HEARTBEAT_SECONDS
) -> None:
    """Answer with what a follower is told, until the client goes or nothing follows."""
    leaving = asyncio.create_task(_until_gone(follower, receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        # The client learns at once that it is connected.
        await _say(b":\n\n", send)
        while await _has_next(follower, send, heartbeat):
            lost, exchange = follower.take()
            if lost:
                await _say(_event("lost", {"count": lost}), send)
            await _say(_event("exchange", render(exchange), exchange.number), send)
        await send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()


async def _has_next(follower: Follower, send: Send, heartbeat: float) -> bool:
    while True:
        try:
            return await asyncio.wait_for(follower.has_next(), heartbeat)
        except TimeoutError:
            await _say(b":\n\n", send)


async def _until_gone(follower: Follower, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    follower.close()


async def _say(text: bytes, send: Send) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


def _event(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    identity = b"" if number is None else b"id: %d\n" % number
    return b"event: %s\n%sdata: %s\n\n" % (kind.encode(), identity, orjson.dumps(data, option=orjson.OPT_UTC_Z))
