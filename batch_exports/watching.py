"""What those who watch a process may ask it: whether it is ready, and what it counts."""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.types import Receive, Scope, Send

from batch_exports.bootstrap import World
from batch_exports.contract.errors import ApiError, authentication_failed, permission_denied
from batch_exports.contract.pages import Page, Part
from batch_exports.contract.request import Request
from batch_exports.contract.responses import Response
from batch_exports.domain.backlog import Backlog
from batch_exports.engine import has_worker
from batch_exports.observability.health import Readiness, bounded
from batch_exports.observability.metrics import CONTENT_TYPE, Metrics
from batch_exports.settings import Settings
from batch_exports.store import is_migrated, read_backlog

logger = logging.getLogger(__name__)

METRICS_PATH = "/metrics"
METRICS_PAGE = "metrics"
READINESS = "readiness"
"""Names in the lifespan's state, since what they stand for belongs to a running event loop."""

_BACKLOG_SECONDS = 5.0
_NOBODY = UUID(int=0)
_FORWARDING = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


def readiness_of(settings: Settings, world: World) -> Readiness:
    """Looks at what an API process needs: the database with its tables and the engine's.

    A worker is looked for too and not needed: without one the API accepts and answers as ever, and to take it away as
    well would make a restart of the worker an outage.
    """

    async def database() -> bool:
        async with world.store.read() as tx:
            await is_migrated(tx.connection)
        return True

    async def migrations() -> bool:
        async with world.store.read() as tx:
            return await is_migrated(tx.connection)

    async def engine() -> bool:
        await world.engine.states([_NOBODY])
        return True

    async def worker() -> bool:
        return await asyncio.to_thread(has_worker, settings.store_url)

    return Readiness({"database": database, "migrations": migrations, "engine": engine}, {"worker": worker})


async def ready(state: Mapping[str, Any]) -> Mapping[str, Part]:
    """The parts of the process whose lifespan this state is."""
    parts: Mapping[str, Part] = await state[READINESS](state)
    return parts


async def show_metrics(request: Request) -> Response:
    """The page of the process whose lifespan the request's state is."""
    answer: Response = await request.state[METRICS_PAGE](request)
    return answer


def metrics_page(settings: Settings, metrics: Metrics, world: World) -> Page:
    """The metrics, for this machine, or for whoever shows the operator's token."""

    async def page(request: Request) -> Response:
        require_watcher(request, settings.metrics_token)
        text = await asyncio.to_thread(metrics.exposition, await _backlog(world))
        return 200, [(b"content-type", CONTENT_TYPE.encode())], text

    return page


def require_watcher(request: Request, token: str | None) -> None:
    """Raise ApiError for those who may not see metrics."""
    if token is not None:
        shown = request.authorization or b""
        if not hmac.compare_digest(shown, b"Bearer " + token.encode()):
            raise authentication_failed()
    elif not _is_local(request):
        raise permission_denied(
            "Metrics are shown to callers on the same machine; BATCH_EXPORTS_METRICS_TOKEN opens them to others."
        )


async def _backlog(world: World) -> Backlog | None:
    try:
        return await bounded(_read_backlog(world), _BACKLOG_SECONDS)
    except Exception:  # the counters are worth showing without it, then more than ever
        logger.debug("The backlog could not be read.", exc_info=True)
        return None


async def _read_backlog(world: World) -> Backlog:
    async with world.store.read() as tx:
        return await read_backlog(tx.connection, datetime.now(UTC))


def _is_local(request: Request) -> bool:
    # Of a caller behind a proxy on this machine only the headers tell.
    if not _FORWARDING.isdisjoint(request.headers):
        return False
    client = request.scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


class WorkerPages:
    """The ASGI application by which a worker is watched."""

    def __init__(self, build_world: Callable[[], World], settings: Settings, metrics: Metrics) -> None:
        self._build_world = build_world
        self._settings = settings
        self._metrics = metrics
        self._page: Page | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        try:
            status, headers, body = await self._answer(request)
        except ApiError as error:
            status, headers, body = error.status, [(b"content-type", b"text/plain")], error.detail.encode()
        sent = [*headers, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})

    async def _answer(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if request.method not in {"GET", "HEAD"}:
            return 405, [(b"allow", b"GET, HEAD")], b""
        if path == "/healthz":
            return 200, [(b"content-type", b"application/json")], b'{"status":"ok"}'
        if path == METRICS_PATH and self._page is not None:
            return await self._page(request)
        return 404, [], b""

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._build_world() as world:
            self._page = metrics_page(self._settings, self._metrics, world)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
