"""A forward proxy on loopback, for drivers that look names up themselves and offer no other hook.

It makes tunnels (CONNECT, for https) and passes plain requests on (absolute form, for http), block by block both ways.
Where a connection leads, and whether it may be made at all, the function that it is given decides: once for each tunnel
and each plain request, so that a kept connection is never a way around the decision.
"""

import asyncio
import base64
import binascii
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http import HTTPStatus
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from batch_exports.destinations.http_peer import BROKEN, Peer, without_hop_headers
from batch_exports.domain.errors import ExportFailure, PermanentFailure

LOOPBACK = "127.0.0.1"
_CONNECT_THREADS = 32
_ACCEPT_PAUSE = 0.5
_PORT_OF_HTTP = 80

logger = logging.getLogger(__name__)

Connect = Callable[[str, str, int], socket.socket]
"""From a client's credential, a host and a port to a connected socket; raises NotAdmitted or ExportFailure."""


class NotAdmitted(Exception):
    """The credential is not one of those who may use the proxy."""


class ForwardProxy:
    """A listening proxy with an event loop and a thread of its own, so that it serves blocking drivers too."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        # One slow name server must not hold up the connections to other hosts.
        self._loop.set_default_executor(ThreadPoolExecutor(_CONNECT_THREADS, "egress-connect"))
        self._serving = self._loop.create_task(self._serve())
        self._thread = Thread(target=self._run, name="egress-proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the proxy and all connections through it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join()

    def _run(self) -> None:
        with closing(self._loop), self._listener, suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serving)

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as conversations:
            while True:
                try:
                    connection, _ = await self._loop.sock_accept(self._listener)
                except OSError:  # too many open files, say
                    await asyncio.sleep(_ACCEPT_PAUSE)
                else:
                    conversations.create_task(self._converse(connection))

    async def _converse(self, connection: socket.socket) -> None:
        try:
            with Peer(h11.SERVER, connection) as client:
                while await self._answer(client):
                    pass
        except BROKEN:
            return  # who broke off knows; the other one sees its connection end
        except Exception:
            logger.exception("A connection through the egress proxy ended by an error.")

    async def _answer(self, client: Peer) -> bool:
        """Answer one request; whether another one may follow."""
        request = await client.receive()
        if not isinstance(request, h11.Request):
            return False
        try:
            credential, target = _credential(request), _target(request)
            upstream = await asyncio.to_thread(self._connect, credential, target.host, target.port)
        except NotAdmitted:
            return await _refuse(client, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, "This proxy is not for you.")
        except ValueError:
            return await _refuse(client, HTTPStatus.BAD_REQUEST, "A proxy takes CONNECT and http:// requests.")
        except ExportFailure as failure:
            permanent = isinstance(failure, PermanentFailure)
            return await _refuse(client, HTTPStatus.FORBIDDEN if permanent else HTTPStatus.BAD_GATEWAY, str(failure))
        with Peer(h11.CLIENT, upstream) as server:
            if target.path is None:
                await client.send(h11.Response(status_code=HTTPStatus.OK, headers=[]))
                await _tunnel(client, server)
                return False
            await _exchange(client, server, request, target.path)
        return client.start_next()


class _Target(NamedTuple):
    host: str
    port: int
    path: bytes | None
    """What to ask the host for; None for a tunnel."""


def _target(request: h11.Request) -> _Target:
    text = request.target.decode("ascii")
    if request.method == b"CONNECT":
        parts = urlsplit(f"//{text}")
        if not parts.hostname or not parts.port:
            raise ValueError(text)
        return _Target(parts.hostname, parts.port, None)
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(text)
    # Cut out and not put together again, since signatures cover its very characters.
    path = text.partition("://")[2].removeprefix(parts.netloc)
    return _Target(parts.hostname, parts.port or _PORT_OF_HTTP, (path if path[:1] == "/" else f"/{path}").encode())


def _credential(request: h11.Request) -> str:
    given = dict(request.headers).get(b"proxy-authorization", b"")
    try:
        pair = base64.b64decode(given.removeprefix(b"Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise NotAdmitted from None
    return pair.partition(":")[2]


async def _refuse(client: Peer, status: HTTPStatus, text: str) -> bool:
    body = text.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if status is HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        headers.append(("Proxy-Authenticate", 'Basic realm="egress"'))
    await client.answer(h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()), body)
    return client.start_next()


async def _tunnel(client: Peer, server: Peer) -> None:
    """Pass bytes both ways until either side ends."""
    both = [asyncio.create_task(client.pour_into(server)), asyncio.create_task(server.pour_into(client))]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(*both)


async def _exchange(client: Peer, server: Peer, request: h11.Request, path: bytes) -> None:
    """Pass one request and its answer on, both at once, since a server may answer before it has read everything."""
    headers = [*without_hop_headers(request.headers), (b"connection", b"close")]
    await server.send(h11.Request(method=request.method, target=path, headers=headers))
    upload = asyncio.create_task(client.pass_request_to(server))
    try:
        await server.pass_answer_to(client)
    finally:
        await _end(upload)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
