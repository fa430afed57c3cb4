"""Transactions over all that is kept."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from batch_exports.ports.access import AccessRepository, ActivityRepository, AnswerRepository
from batch_exports.ports.repositories import BackfillRepository, ExportRepository, LogRepository, RunRepository


class Transaction(Protocol):
    """All repositories in one transaction."""

    @property
    def exports(self) -> ExportRepository:
        """Exports."""
        ...

    @property
    def runs(self) -> RunRepository:
        """Runs."""
        ...

    @property
    def backfills(self) -> BackfillRepository:
        """Backfills."""
        ...

    @property
    def logs(self) -> LogRepository:
        """Log entries."""
        ...

    @property
    def activity(self) -> ActivityRepository:
        """The audit log."""
        ...

    @property
    def answers(self) -> AnswerRepository:
        """Answers to requests that may be repeated."""
        ...

    @property
    def access(self) -> AccessRepository:
        """Organizations, projects and keys."""
        ...

    @property
    def connection(self) -> Any:
        """The store's own connection, so that an engine on the same database can write in the same transaction."""
        ...


class Store(Protocol):
    """Keeps everything the API shows."""

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent view; nothing may be written through it."""
        ...

    def look(self) -> AbstractAsyncContextManager[Transaction]:
        """The same for a single question, and cheaper: two answers may be of different moments."""
        ...

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        ...
