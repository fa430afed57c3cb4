"""The mock, whole or deliberately broken, served on loopback in the test's own process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from mock_server.app import Options, create_app
from mock_server.templates import Origin
from mock_server.world import WorldLimits


def mock_app():
    """An empty mock, in which a project may have as many backfills as a run makes."""
    return create_app(Origin("empty"), Options(limits=WorldLimits(1_000_000)))


@contextmanager
def served(app) -> Iterator[str]:
    """The address at which an application answers."""
    # Named by its protocol, so that asyncio sends answers at once; else each waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, loop="asyncio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def rewriting(app, change):
    """The application, with `change(scope, status, body) -> (status, body)` applied to each of its answers."""

    async def broken(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        said, body = [], bytearray()

        async def gather(message):
            if message["type"] == "http.response.start":
                said.append(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                status, changed = change(scope, said[0]["status"], bytes(body))
                headers = [each for each in said[0]["headers"] if each[0].lower() != b"content-length"]
                length = (b"content-length", str(len(changed)).encode())
                await send({**said[0], "status": status, "headers": [*headers, length]})
                await send({"type": "http.response.body", "body": changed})

        await app(scope, receive, gather)

    return broken
