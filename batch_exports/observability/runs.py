"""Tells the listener and the log of runs that begin and end, once what happened to them is certain."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.observability.credentials import HidingExports
from batch_exports.observability.logs import FIELDS
from batch_exports.ports import (
    AccessRepository,
    ActivityRepository,
    AnswerRepository,
    BackfillRepository,
    ExportRepository,
    LogRepository,
    RunRepository,
    Store,
    Transaction,
)

_LOG = logging.getLogger("batch_exports.runs")


class RunListener(Protocol):
    """Hears of runs."""

    def started(self, run: Run) -> None:
        """A run has begun."""
        ...

    def ended(self, run: Run) -> None:
        """A run has ended, in whatever way."""
        ...


_News = tuple[Callable[[Run], None], Run]


class ObservedStore:
    """A store that tells of runs when a transaction has committed; one that rolls back has never been.

    The credentials that pass through it are hidden from the log.
    """

    def __init__(self, store: Store, listener: RunListener) -> None:
        self._store = store
        self._listener = listener

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A consistent view; nothing may be written through it."""
        async with self._store.read() as tx:
            yield _observed(tx, tx.runs)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Transaction]:
        """The same for a single question."""
        async with self._store.look() as tx:
            yield _observed(tx, tx.runs)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        news: list[_News] = []
        async with self._store.write() as tx:
            yield _observed(tx, cast("RunRepository", _ObservedRuns(tx.runs, self._listener, news)))
        for tell, run in news:
            tell(run)
            _log(run)


def _log(run: Run) -> None:
    fields = {
        "run_id": run.id,
        "export_id": run.export_id,
        "status": run.status.value,
        "rows": run.records_completed,
        "bytes": run.bytes_exported,
    }
    _LOG.info("run %s of export %s: %s", run.id, run.export_id, run.status.value, extra={FIELDS: fields})


def _observed(tx: Transaction, runs: RunRepository) -> Transaction:
    exports = cast("ExportRepository", HidingExports(tx.exports))
    return _ObservedTransaction(runs, exports, tx.backfills, tx.logs, tx.activity, tx.answers, tx.access, tx.connection)


@dataclass(slots=True)
class _ObservedTransaction:
    runs: RunRepository
    exports: ExportRepository
    backfills: BackfillRepository
    logs: LogRepository
    activity: ActivityRepository
    answers: AnswerRepository
    access: AccessRepository
    connection: Any


class _ObservedRuns:
    """The repository of runs, all changes of which go through here."""

    __slots__ = ("_listener", "_news", "_runs")

    def __init__(self, runs: RunRepository, listener: RunListener, news: list[_News]) -> None:
        self._runs = runs
        self._listener = listener
        self._news = news

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)

    async def add(self, run: Run) -> None:
        await self._runs.add(run)
        self._news.append((self._listener.started, run))

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        changed = await self._runs.change(run_id, from_statuses, **changes)
        if changed is not None and not changed.is_open and from_statuses <= OPEN_STATUSES:
            self._news.append((self._listener.ended, changed))
        return changed
