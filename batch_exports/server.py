"""The production API as an ASGI application, and the processes that serve it and work for it."""

import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from batch_exports.auth import KeyAuthenticator
from batch_exports.bootstrap import build_worker, build_world, prepare
from batch_exports.contract.app import build_app
from batch_exports.contract.request import Limits
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.engine import Worker
from batch_exports.settings import BadSetting, Settings
from batch_exports.signals import stop_on_signal
from handlers._problems import translate

logger = logging.getLogger(__name__)

_LAST_REQUEST_SECONDS = 2
"""How long requests may still take once a signal has come."""


def create_app(settings: Settings) -> Any:
    """The API over the world of these settings; nothing is connected before the server's start."""
    world = build_world(settings)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
        async with world:
            yield {"services": world.services}

    return build_app(
        resolve=HandlerResolver("handlers"),
        authenticate=KeyAuthenticator(world.store),
        lifespan=lifespan,
        translate=translate,
        ready=_is_ready,
        limits=Limits(body_bytes=settings.max_body_bytes),
    )


async def _is_ready(state: Mapping[str, Any]) -> Mapping[str, bool]:
    await state["services"].access.has_project(1)
    return {"store": True}


def run_server(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve the API until a signal ends it; `on_ready` is told the URL once requests are answered."""
    with listening(settings) as listener:
        prepare(settings)
        serve(settings, listener, on_ready)


def serve(settings: Settings, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve the API of a prepared world on a socket until a signal ends it."""
    config = uvicorn.Config(
        create_app(settings),
        root_path=settings.root_path,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUEST_SECONDS,
    )
    server = _Server(config, lambda: on_ready(_url(listener)))
    stop_on_signal(server.stop)
    server.run(sockets=[listener])


def run_worker(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Carry out runs until a signal ends it; with the embedded event store unless a cluster is named."""
    prepare(settings)
    stopping = threading.Event()
    with working(settings) as worker:
        stop_on_signal(stopping.set)
        on_ready()
        while not stopping.is_set() and not worker.wait(timeout=0.2):
            pass


@contextmanager
def working(settings: Settings) -> Iterator[Worker]:
    """A worker for the time of a block."""
    worker = build_worker(settings)
    try:
        worker.start()
        yield worker
    finally:
        if not worker.stop():
            logger.warning("A run did not stop in time; it goes on at the next start.")


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket at the address of the settings; raises BadSetting when it cannot be had."""
    host, port = settings.host, settings.port
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadSetting(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. "
            "Choose another port with --port, or 0 for a free one."
        ) from None
    with listener:
        yield listener


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


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
