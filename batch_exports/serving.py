"""Serves an ASGI application until a signal ends the process; production and the mock are served alike."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from batch_exports.http_protocol import BoundedHttpProtocol
from batch_exports.signals import stop_on_signal

TRUSTED_PROXIES = frozenset({"127.0.0.1", "::1"})
"""Proxies on this machine."""
DRAIN_SECONDS = 2
"""How long requests may still take once a signal has come, unless the operator says otherwise."""


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


def serve(
    app: Any,
    listener: socket.socket,
    on_ready: Callable[[], None],
    *,
    root_path: str = "",
    until: Callable[[], bool] = lambda: False,
    drain_seconds: int = DRAIN_SECONDS,
    trusted_proxies: Iterable[str] = TRUSTED_PROXIES,
    protocol: type[BoundedHttpProtocol] = BoundedHttpProtocol,
) -> None:
    """Serve until a signal comes or `until`, which is asked often, says so; `on_ready` is called once all is ready.

    From then on no connection is accepted, and requests in flight have `drain_seconds` to get their answers.
    `trusted_proxies` may say by which scheme and from which address a request came; `protocol` is how HTTP is spoken.
    """
    config = _config(app, drain_seconds, root_path, trusted_proxies, protocol)
    server = _Server(config, on_ready, until)
    stop_on_signal(server.stop, drain_seconds)
    server.run(sockets=[listener])


@contextmanager
def served_beside(app: Any, listener: socket.socket) -> Iterator[None]:
    """Serve for the time of a block, in a thread beside what the process is for."""
    server = _Server(_config(app, drain_seconds=1), lambda: None, lambda: False)
    thread = threading.Thread(target=server.run, args=([listener],), name="batch-exports-pages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()


def _config(
    app: Any,
    drain_seconds: int,
    root_path: str = "",
    trusted_proxies: Iterable[str] = TRUSTED_PROXIES,
    protocol: type[BoundedHttpProtocol] = BoundedHttpProtocol,
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        root_path=root_path,
        forwarded_allow_ips=sorted(trusted_proxies),
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=drain_seconds,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], until: Callable[[], bool]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._until = until

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._until()

    def stop(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are handled for the process as a whole, of which the server is a part.
        yield
