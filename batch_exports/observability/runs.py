"""Tells of runs that begin and end, once what happened to them is certain."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast
from uuid import UUID

from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
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


class RunListener(Protocol):
    """Hears of runs."""

    def started(self, run: Run) -> None:
        """A run has begun."""
        ...

    def ended(self, run: Run) -> None:
        """A run has ended, in whatever way."""
        ...


class ObservedStore:
    """A store that tells of runs when a transaction has committed; one that rolls back has never been."""

    def __init__(self, store: Store, listener: RunListener) -> None:
        self._store = store
        self._listener = listener

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent view; nothing may be written through it."""
        return self._store.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        news: list[Callable[[], None]] = []
        async with self._store.write() as tx:
            runs = cast("RunRepository", _ObservedRuns(tx.runs, self._listener, news))
            yield _ObservedTransaction(
                runs, tx.exports, tx.backfills, tx.logs, tx.activity, tx.answers, tx.access, tx.connection
            )
        for tell in news:
            tell()


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

    def __init__(self, runs: RunRepository, listener: RunListener, news: list[Callable[[], None]]) -> None:
        self._runs = runs
        self._listener = listener
        self._news = news

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)

    async def add(self, run: Run) -> None:
        await self._runs.add(run)
        self._news.append(partial(self._listener.started, run))

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        changed = await self._runs.change(run_id, from_statuses, **changes)
        if changed is not None and not changed.is_open and from_statuses <= OPEN_STATUSES:
            self._news.append(partial(self._listener.ended, changed))
        return changed
