"""The production API as an ASGI application, and the processes that serve it and work for it."""

import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import uvicorn

from batch_exports.auth import KeyAuthenticator
from batch_exports.bootstrap import build_worker, build_world, prepare
from batch_exports.contract.app import build_app
from batch_exports.contract.request import Limits
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.engine import Worker
from batch_exports.settings import BadSetting, Settings
from handlers._problems import translate

logger = logging.getLogger(__name__)


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
    prepare(settings)
    app = create_app(settings)
    with closing(_listen(settings.host, settings.port)) as listener, _signals_left_to_the_server():
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", server_header=False)
        _Server(config, lambda: on_ready(f"http://{host}:{port}")).run(sockets=[listener])


def run_worker(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Carry out runs until a signal ends it; with the embedded event store unless a cluster is named."""
    prepare(settings)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with working(settings) as worker:
        on_ready()
        while not stopping.is_set() and not worker.wait(timeout=0.5):
            pass


@contextmanager
def working(settings: Settings) -> Iterator[Worker]:
    """A worker for the time of a block."""
    worker = build_worker(settings)
    worker.start()
    try:
        yield worker
    finally:
        if not worker.stop():
            logger.warning("A run did not stop in time; it goes on at the next start.")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadSetting(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port.") from None


@contextmanager
def _signals_left_to_the_server() -> Iterator[None]:
    # The server raises the signal that stopped it again once it is done; that is our orderly end, not a death.
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
