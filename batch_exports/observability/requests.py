"""Watches requests: counts them, logs them, traces them, and lets all that is logged meanwhile name them."""

import logging
from collections.abc import Callable
from time import perf_counter

from batch_exports.contract.request import Request
from batch_exports.http_protocol import ANSWERED
from batch_exports.observability.logs import FIELDS
from batch_exports.observability.metrics import RequestMetrics
from batch_exports.observability.subject import begin
from batch_exports.observability.tracing import RequestSpan, Tracing

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""What machines ask every few seconds, and nobody wants to read of."""

_LOG = logging.getLogger("batch_exports.access")


class RequestObserver:
    """Is told of each request by the contract layer."""

    def __init__(self, metrics: RequestMetrics, tracing: Tracing | None = None) -> None:
        self._metrics = metrics
        self._tracing = tracing

    def __call__(self, request: Request) -> Callable[[], None]:
        """A request begins; what is returned is called at its end."""
        begun = perf_counter()
        begin(request_id=request.id.decode())
        self._metrics.began()
        span = None if self._tracing is None else self._tracing.request(request)
        return lambda: self._end(request, perf_counter() - begun, span)

    def _end(self, request: Request, seconds: float, span: RequestSpan | None) -> None:
        # Where the server has answered itself, nobody hears what the application says later.
        request.status = request.scope.get(ANSWERED, request.status)
        self._metrics.ended(request.operation_id, request.method, request.status, seconds)
        if request.refusal == "throttled":
            self._metrics.throttled()
        if span is not None:
            span.end(request)
        level = logging.DEBUG if request.path in PROBES else logging.INFO
        if _LOG.isEnabledFor(level):
            _log(level, request, seconds)


def _log(level: int, request: Request, seconds: float) -> None:
    # As it was sent: what a path decodes to may break the line.
    path = request.scope.get("raw_path", b"").decode("latin-1") or repr(request.path)
    fields = {
        "method": request.method,
        "path": path,
        "operation": request.operation_id,
        "status": request.status,
        "milliseconds": round(seconds * 1000, 1),
        "key_id": request.caller_id,
    }
    text = "%s %s %d %.1f ms"
    _LOG.log(level, text, request.method, path, request.status, seconds * 1000, extra={FIELDS: fields})
