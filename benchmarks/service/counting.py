"""What the peer counts, as often as the product does: requests in the metrics, and in the limits of their key."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID

from fastapi import HTTPException, Response
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.domain.throttles import LARGEST_LEASE
from benchmarks.service import mapped


class Throttle:
    """Takes requests from a key's limits, as many at once as the product; the table has them for all processes."""

    def __init__(self, limits: dict[timedelta, int]) -> None:
        self._limits = limits
        self._lock = asyncio.Lock()
        self._left: dict[UUID, int] = {}
        self._ends: dict[UUID, tuple[int, int, datetime]] = {}

    async def count(self, session: AsyncSession, key: mapped.ApiKey, response: Response) -> None:
        """Count a request, and say how many may follow."""
        now = datetime.now(UTC)
        if not self._is_open(key.id, now):
            async with self._lock:
                if not self._is_open(key.id, now):
                    await self._take(session, key.id, now)
        self._left[key.id] -= 1
        limit, remaining, end = self._ends[key.id]
        if self._left[key.id] < 0:
            raise HTTPException(429)
        response.headers["RateLimit-Limit"] = str(limit)
        response.headers["RateLimit-Remaining"] = str(remaining + self._left[key.id])
        response.headers["RateLimit-Reset"] = str(math.ceil((end - now).total_seconds()))

    def _is_open(self, key_id: UUID, now: datetime) -> bool:
        return self._left.get(key_id, 0) > 0 and now < self._ends[key_id][2]

    async def _take(self, session: AsyncSession, key_id: UUID, now: datetime) -> None:
        usage = await session.get(mapped.KeyUsage, key_id, with_for_update=True)
        if usage is None:
            usage = mapped.KeyUsage(key_id=key_id, windows=[])
            session.add(usage)
        known = {timedelta(seconds=each["seconds"]): each for each in usage.windows}
        windows, quotas = [], []
        for length, limit in self._limits.items():
            window = known.get(length)
            start = now if window is None else datetime.fromisoformat(window["start"])
            used = 0 if window is None or start + length <= now else window["used"]
            start = start if used else now
            granted = min(LARGEST_LEASE, limit - used)
            windows.append({"seconds": length.total_seconds(), "start": start.isoformat(), "used": used + granted})
            quotas.append((limit - used - granted, granted, limit, start + length))
        usage.windows, usage.last_used_at = windows, now
        await session.commit()
        remaining, granted, limit, end = min(quotas)
        self._left[key_id], self._ends[key_id] = granted, (limit, remaining, end)


class Metrics:
    """Counts and times requests by route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = Gauge("requests_in_flight", "Requests that are being answered.")
        self._answered = Counter("requests", "Requests answered.", ("route", "method", "status"))
        self._seconds = Histogram("request_duration_seconds", "How long answers took.", ("route",))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = perf_counter()
        self._open.inc()
        try:
            await self._app(scope, receive, send_and_look)
        finally:
            self._open.dec()
            route = getattr(scope.get("route"), "path", "")
            self._answered.labels(route, scope["method"], status).inc()
            self._seconds.labels(route).observe(perf_counter() - begun)
