"""One of the two HTTP/1.1 connections between which the forward proxy passes messages."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import h11

BLOCK_BYTES = 256 * 1024
BROKEN = (OSError, h11.ProtocolError)
"""What is raised when a peer breaks off, or speaks something else."""

_MAX_HEAD_BYTES = 64 * 1024
# These belong to one connection, and not to the message (RFC 9110, 7.6.1).
_HOP_HEADERS = frozenset(
    {b"connection", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"upgrade"}
)

Role = type[h11.CLIENT] | type[h11.SERVER]
Headers = Iterable[tuple[bytes, bytes]]


class Peer:
    """Messages to and from one connection, which is closed with the block."""

    def __init__(self, role: Role, connection: socket.socket) -> None:
        self._http = h11.Connection(role, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def end(self) -> None:
        """End the connection, so that who waits for its peer waits no longer."""
        with suppress(OSError):  # it may have ended by itself
            self._connection.shutdown(socket.SHUT_RDWR)

    async def read(self) -> bytes:
        """Some bytes as they are; none when the peer has ended."""
        return await self._loop.sock_recv(self._connection, BLOCK_BYTES)

    async def write(self, block: bytes) -> None:
        """Send bytes as they are, as fast as the peer takes them."""
        await self._loop.sock_sendall(self._connection, block)

    async def receive(self) -> h11.Event:
        """The next part of a message."""
        while not isinstance(event := self._http.next_event(), h11.Event):
            if event is h11.PAUSED:
                raise h11.RemoteProtocolError("a message came before its turn")
            self._http.receive_data(await self.read())
        return event

    async def send(self, event: h11.Event) -> None:
        """Send a part of a message."""
        for piece in self._http.send_with_data_passthrough(event) or ():
            await self.write(piece)

    async def answer(self, response: h11.Response, body: bytes) -> None:
        """Answer a request oneself; what is still to come of it is read and dropped."""
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            await self.send(event)
        while self._http.their_state is h11.SEND_BODY and not self._http.they_are_waiting_for_100_continue:
            await self.receive()

    def start_next(self) -> bool:
        """Get ready for the next message; False when the connection ends with this one."""
        if self._http.their_state is h11.SEND_BODY:
            self._http.next_event()  # the end of a request whose answer was quicker than whoever passes it on
        if self._http.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            return False
        self._http.start_next_cycle()
        return True

    async def pass_request_to(self, server: "Peer") -> None:
        """Pass on the body of the request that was received, and end the server's connection if this one ends."""
        try:
            while not isinstance(event := await self.receive(), h11.EndOfMessage):
                await server.send(event)
            await server.send(event)
            # Nothing is due before the answer; who waits no longer for it ends the connection.
            self._http.receive_data(more := await self.read())
            if not more:
                server.end()
        except BROKEN:
            server.end()

    async def pass_answer_to(self, client: "Peer") -> None:
        """Pass on the answer to the request that was sent, with the interim answers before it."""
        while not isinstance(event := await self.receive(), h11.EndOfMessage):
            if isinstance(event, h11.Response | h11.InformationalResponse):
                headers = list(without_hop_headers(event.headers))
                event = type(event)(status_code=event.status_code, headers=headers, reason=event.reason)
            await client.send(event)
        await client.send(event)

    async def pour_into(self, other: "Peer") -> None:
        """Pass bytes on as they are, until this side ends."""
        block = self._http.trailing_data[0]  # what came together with the head
        while block := block or await self.read():
            await other.write(block)
            block = b""


def without_hop_headers(headers: Headers) -> Headers:
    """The headers of a message that go with it to whom it is passed on."""
    pairs = list(headers)
    named = {
        name.strip().lower() for key, value in pairs if key == b"connection" for name in value.split(b",")
    } | _HOP_HEADERS
    return [pair for pair in pairs if pair[0] not in named]
