"""What a process counts, in the terms of Prometheus; labels have few values, and none that a caller chooses."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from batch_exports.domain.backlog import Backlog
from batch_exports.domain.runs import Run, RunStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder through which processes that serve one port count together."""

KINDS = ("scheduled", "backfill", "retry")
ENDS = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RUN_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All that one process counts, and how it is told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = RequestMetrics(self.registry)
        self.runs = RunMetrics(self.registry)

    def exposition(self, backlog: Backlog | None) -> bytes:
        """The text that Prometheus reads; it blocks for a moment where processes count together."""
        counted = self.registry
        if SHARED_FOLDER in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # declares no types
        found = CollectorRegistry()
        found.register(_BacklogCollector(backlog))
        return generate_latest(counted) + generate_latest(found)


def forget_process(folder: str, process_id: int) -> None:
    """Take a process that has ended off what processes are at; what they counted together stays."""
    mark_process_dead(process_id, folder)  # type: ignore[no-untyped-call]  # declares no types


class RequestMetrics:
    """Counts requests by the operations of the contract."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._in_flight = Gauge(
            "batch_exports_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._answered = Counter(
            "batch_exports_requests",
            "Requests answered; without an operation those that no operation of the contract answers.",
            ("operation", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "batch_exports_request_duration_seconds",
            "How long answers took.",
            ("operation",),
            registry=registry,
            buckets=_REQUEST_SECONDS,
        )
        self._throttled = Counter(
            "batch_exports_requests_throttled", "Requests refused because their key made too many.", registry=registry
        )

    def began(self) -> None:
        """A request has come."""
        self._in_flight.inc()

    def ended(self, operation: str, method: str, status: int, seconds: float) -> None:
        """A request has been answered, or given up."""
        self._in_flight.dec()
        self._answered.labels(operation, method if method in _METHODS else "other", status).inc()
        self._seconds.labels(operation).observe(seconds)

    def throttled(self) -> None:
        """A request has been refused because its key made too many."""
        self._throttled.inc()


class RunMetrics:
    """Counts runs: each once as it begins and once as it ends, whatever its end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._started = Counter("batch_exports_runs_started", "Runs begun.", ("kind",), registry=registry)
        self._ended = Counter(
            "batch_exports_runs_finished", "Runs ended, by how they ended.", ("kind", "status"), registry=registry
        )
        self._seconds = Histogram(
            "batch_exports_run_duration_seconds",
            "Time from the beginning of runs to their end.",
            ("status",),
            registry=registry,
            buckets=_RUN_SECONDS,
        )
        self._rows = Counter("batch_exports_rows_exported", "Rows that completed runs exported.", registry=registry)
        self._bytes = Counter("batch_exports_bytes_exported", "Bytes that completed runs wrote.", registry=registry)
        self._show_all()

    def started(self, run: Run) -> None:
        """A run has begun."""
        self._started.labels(kind_of(run)).inc()

    def ended(self, run: Run) -> None:
        """A run has ended, in whatever way."""
        self._ended.labels(kind_of(run), run.status.value).inc()
        if run.finished_at is not None:
            self._seconds.labels(run.status.value).observe((run.finished_at - run.created_at).total_seconds())
        if run.status is RunStatus.COMPLETED:
            self._rows.inc(run.records_completed or 0)
            self._bytes.inc(run.bytes_exported or 0)

    def _show_all(self) -> None:
        # From the start: a rate needs the zero before the one.
        for kind in KINDS:
            self._started.labels(kind)
            for status in ENDS:
                self._ended.labels(kind, status.value)


class _BacklogCollector(Collector):
    """What waits, as the database says; nothing but that it does not answer, when it does not."""

    def __init__(self, backlog: Backlog | None) -> None:
        self._backlog = backlog

    def collect(self) -> Iterator[Metric]:
        backlog = self._backlog
        answers = float(backlog is not None)
        yield GaugeMetricFamily("batch_exports_database_up", "Whether the database answers.", value=answers)
        if backlog is None:
            return
        runs = GaugeMetricFamily("batch_exports_open_runs", "Runs that have not ended.", labels=("status",))
        for status, count in backlog.open_runs.items():
            runs.add_metric((status.value,), count)
        yield runs
        text = "Backfills that have not ended."
        yield GaugeMetricFamily("batch_exports_open_backfills", text, value=backlog.open_backfills)
        text = "For how long the longest due run has been due; 0 when none is."
        yield GaugeMetricFamily("batch_exports_schedule_lag_seconds", text, value=backlog.lag.total_seconds())


def kind_of(run: Run) -> str:
    """Why there is a run: `scheduled`, `backfill` or `retry`."""
    if run.retry_of is not None:
        return "retry"
    return "scheduled" if run.backfill_id is None else "backfill"
