"""The production API as an ASGI application, and the processes that serve it and work for it."""

import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from batch_exports.auth import KeyAuthenticator
from batch_exports.bootstrap import build_worker, build_world, prepare
from batch_exports.contract.app import build_app
from batch_exports.contract.request import Limits
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.engine import Worker
from batch_exports.serving import listening, serve, url_of
from batch_exports.settings import Settings
from batch_exports.signals import stop_on_signal
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
    with listening(settings.host, settings.port) as listener:
        prepare(settings)
        serve_on(listener, settings, on_ready)


def serve_on(listener: socket.socket, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve the API of a prepared world on a socket until a signal ends it."""
    serve(create_app(settings), listener, lambda: on_ready(url_of(listener)), root_path=settings.root_path)


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
