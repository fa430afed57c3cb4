"""Cuts below HTTP: what a client sees when a network, a proxy or a server fails, not an application."""

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from mock_server.faults.effects import Cut
from mock_server.journal.stream import SHUTDOWN

TRANSPORT = "mock.transport"
"""The extension of a request's scope by which a server lends its connection."""

STALL_SECONDS = 600.0
"""How long a client is kept waiting that does not give up."""

_PIECES = 16
_PAUSE_SECONDS = 0.1
_LINGER_NOT = struct.pack("ii", 1, 0)


class ConnectionCut(ConnectionError):
    """What is raised where the server does not lend its connection, as in tests that call the application."""


class Connection:
    """The connection on which a request came, as far as it can be broken."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        extensions = scope.get("extensions", {})
        self._transport: asyncio.Transport | None = extensions.get(TRANSPORT, {}).get("transport")
        self._receive = receive
        self._shutdown = extensions.get(SHUTDOWN, {})
        self._leaving = asyncio.Event()
        self._shutdown["end"] = self._leaving.set

    async def wait(self, seconds: float) -> None:
        """Let the client wait, unless the server shuts down: then it is answered at once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leaving.wait()

    async def cut(self, cut: Cut) -> None:
        """Break it before anything was answered; raises ConnectionCut where nothing else is possible."""
        # A connection that is closed with something unread is reset, not ended.
        await self.hear()
        if cut is Cut.STALL:
            await self._stall()
        if cut is Cut.RESET:
            await self.reset()
        else:
            await self.close()

    async def reset(self) -> None:
        """Break it such that the client is told of an error."""
        if self._transport is None:
            raise ConnectionCut("Connection reset on purpose.")
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
        await self._wait_until_gone()

    async def close(self) -> None:
        """End it as if everything had been said."""
        if self._transport is None:
            raise ConnectionCut("Connection closed on purpose.")
        self._transport.close()
        await self._wait_until_gone()

    async def hear(self) -> None:
        """Let the client say the whole of its request, of which nothing is wanted."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    async def _stall(self) -> None:
        if self._leaving.is_set():
            return
        if self._transport is not None:
            # The client sees a server that went away, which is what happens.
            self._shutdown["end"] = self._transport.close
        await self._wait_until_gone()

    async def _wait_until_gone(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(STALL_SECONDS):
                while (await self._receive())["type"] != "http.disconnect":
                    pass


def truncating(send: Send, connection: Connection) -> Send:
    """`send`, such that the connection ends in the middle of the body; an answer without one is not sent at all."""
    head: list[Message] = []

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.start":
            head.append(message)
            return
        body = message.get("body", b"")
        if len(body) > 1:
            await send(head[0])
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
        await connection.close()

    return send_half


def dribbling(send: Send) -> Send:
    """`send`, such that the body goes in small pieces, with pauses between them."""

    async def send_pieces(message: Message) -> None:
        body = message.get("body", b"")
        size = -(-len(body) // _PIECES)
        for start in range(0, len(body), size or 1):
            if start:
                await asyncio.sleep(_PAUSE_SECONDS)
            more = start + size < len(body) or message.get("more_body", False)
            await send({**message, "body": body[start : start + size], "more_body": more})
        if not body:
            await send(message)

    return send_pieces
