"""Traces of requests and runs for OpenTelemetry, when the environment asks for them and the extra is installed."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from batch_exports import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    from batch_exports.contract.request import Request

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 2.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FIRST_SERVER_STATUS = 500


def open_tracing(environment: Mapping[str, str]) -> "Tracing | None":
    """What sends traces where the `OTEL_*` variables say; None when they do not ask for it."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").lower()
    is_asked = exporter not in {"", "none"} or (not exporter and any(environment.get(name) for name in _ENDPOINTS))
    if not is_asked or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        return Tracing(_provider_to(_exporter(exporter)))
    except ModuleNotFoundError as error:
        logger.warning(
            "Traces are asked for (OTEL_*), but %s is not installed: pip install 'batch-exports[otel]'", error.name
        )
        return None


class Tracing:
    """Makes spans, and sends them on."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("batch_exports", __version__)

    def request(self, request: "Request") -> "RequestSpan":
        """The span of a request, inside that of its caller; spans made meanwhile are inside it."""
        from opentelemetry import context, trace  # noqa: PLC0415  # an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        carrier = {"traceparent": request.headers.get(b"traceparent", b"").decode("latin-1")}
        span = self._tracer.start_span(
            request.method,
            context=TraceContextTextMapPropagator().extract(carrier),
            kind=trace.SpanKind.SERVER,
            attributes={"http.request.method": request.method, "batch_exports.request_id": request.id.decode()},
        )
        return RequestSpan(span, context.attach(trace.set_span_in_context(span)))

    @contextmanager
    def step(self, name: str, **attributes: str | int) -> Iterator["Span"]:
        """The span of a step of a run, for the time of a block; of an error it tells only the type."""
        from opentelemetry import trace  # noqa: PLC0415  # an extra

        named = {f"batch_exports.{key}": value for key, value in attributes.items()}
        # The text of an error may hold a secret.
        with self._tracer.start_as_current_span(
            name, attributes=named, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(trace.StatusCode.ERROR, type(error).__name__)
                raise

    def close(self) -> None:
        """Send what was not sent yet, unless that takes long."""
        sending = Thread(target=self._provider.shutdown, name="batch-exports-last-spans", daemon=True)
        sending.start()
        sending.join(_FLUSH_SECONDS)


class RequestSpan:
    """The span of one request."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: "Span", token: Any) -> None:
        self._span = span
        self._token = token

    def end(self, request: "Request") -> None:
        """The request has been answered, or given up."""
        from opentelemetry import context, trace  # noqa: PLC0415  # an extra

        context.detach(self._token)
        if request.operation_id:
            self._span.update_name(f"{request.method} {request.operation_id}")
            self._span.set_attribute("batch_exports.operation", request.operation_id)
        self._span.set_attribute("http.response.status_code", request.status)
        if request.status >= _FIRST_SERVER_STATUS:
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


def _provider_to(exporter: "SpanExporter") -> "TracerProvider":
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # an extra

    ours = Resource({"service.name": "batch-exports", "service.version": __version__})
    # What the environment says of the service wins.
    named = ours.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=Resource.create(named.attributes), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _exporter(name: str) -> "SpanExporter":
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415  # an extra

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # an extra

    return OTLPSpanExporter()
