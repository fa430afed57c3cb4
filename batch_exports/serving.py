"""Serves an ASGI application until a signal ends the process; production and the mock are served alike."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from batch_exports.signals import stop_on_signal

_LAST_REQUEST_SECONDS = 2
"""How long requests may still take once a signal has come."""


class CannotListen(Exception):
    """An address cannot be listened on; the text says why, and what to do about it."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, at a free port when `port` is 0; raises CannotListen."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        # The address, which some of the texts repeat in brackets, is said already.
        cause = str(error.strerror).partition(" (")[0] if isinstance(error, OSError) else "no host has such a name"
        raise CannotListen(
            f"Cannot listen on {host}:{port}: {cause}. Choose another port with --port, or 0 for a free one."
        ) from None
    with listener:
        yield listener


def url_of(listener: socket.socket) -> str:
    """The URL of what is served on a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: Any, listener: socket.socket, on_ready: Callable[[], None], *, root_path: str = "") -> None:
    """Serve until a signal comes; `on_ready` is called once requests are answered."""
    config = uvicorn.Config(
        app,
        root_path=root_path,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUEST_SECONDS,
    )
    server = _Server(config, on_ready)
    stop_on_signal(server.stop)
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    def stop(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are handled for the process as a whole, of which the server is a part.
        yield
