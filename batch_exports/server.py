"""The production API as an ASGI application, and the process that serves it."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from batch_exports.auth import KeyAuthenticator
from batch_exports.bootstrap import build_world, prepare
from batch_exports.contract.app import build_app
from batch_exports.contract.cors import open_to
from batch_exports.contract.errors import MAY_BE_DONE, ApiError, unavailable
from batch_exports.contract.request import Limits
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.security import Authenticator, Principal
from batch_exports.observability.instruments import Instruments
from batch_exports.observability.requests import RequestObserver
from batch_exports.serving import listening, serve, url_of
from batch_exports.settings import Settings
from batch_exports.store import TRANSIENT_ERRORS, CommitUncertain
from batch_exports.watching import (
    METRICS_PAGE,
    METRICS_PATH,
    READINESS,
    metrics_page,
    readiness_of,
    ready,
    show_metrics,
)
from handlers._problems import translate
from handlers._throttle import throttle

logger = logging.getLogger(__name__)

_AGAIN = "Send the request again."


def create_app(settings: Settings, instruments: Instruments) -> Any:
    """The API over the world of these settings; nothing is connected before the server's start."""
    metrics = instruments.metrics
    world = build_world(settings, metrics.runs)
    watching = {READINESS: readiness_of(settings, world), METRICS_PAGE: metrics_page(settings, metrics, world)}

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
        async with world:
            yield {"services": world.services, **watching}

    return build_app(
        resolve=HandlerResolver("handlers"),
        authenticate=_patient(KeyAuthenticator(world.services.access)),
        throttle=throttle,
        lifespan=lifespan,
        translate=_translate,
        ready=ready,
        limits=Limits(body_bytes=settings.max_body_bytes),
        observe=RequestObserver(metrics.requests, instruments.tracing),
        more_pages={METRICS_PATH: show_metrics},
        wrap=open_to(settings.cors_origins) if settings.cors_origins else None,
    )


def _patient(authenticate: Authenticator) -> Authenticator:
    async def known(token: str) -> Principal | None:
        try:
            return await authenticate(token)
        except TRANSIENT_ERRORS as error:
            raise _unavailable(error) from error

    return known


def _translate(error: Exception) -> ApiError | None:
    if isinstance(error, TRANSIENT_ERRORS):
        # Raised, since any operation may end so, and none says so in the contract.
        raise _unavailable(error) from error
    return translate(error)


def _unavailable(error: Exception) -> ApiError:
    """The database is away, or two changes got in each other's way: it may work later."""
    logger.error("A request was turned away, since the database failed.", exc_info=error)
    uncertain = isinstance(error, CommitUncertain)
    return unavailable(MAY_BE_DONE if uncertain else "The database is busy or away; nothing was changed. " + _AGAIN)


def run_server(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve the API until a signal ends it; `on_ready` is told the URL once requests are answered."""
    with listening(settings.host, settings.port) as listener:
        prepare(settings)
        with Instruments(os.environ) as instruments:
            serve_on(listener, settings, instruments, on_ready)


def serve_on(
    listener: socket.socket,
    settings: Settings,
    instruments: Instruments,
    on_ready: Callable[[str], None],
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Serve the API of a prepared world on a socket until a signal, or `until`, ends it."""
    app = create_app(settings, instruments)
    serve(
        app,
        listener,
        lambda: on_ready(url_of(listener)),
        root_path=settings.root_path,
        until=until,
        drain_seconds=settings.drain_seconds,
        trusted_proxies=settings.trusted_proxies,
    )
