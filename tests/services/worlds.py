"""A world for the use cases: the mock's store, a clock that is set by hand, and an engine that only remembers."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from batch_exports.domain.activity import Actor, ActorType
from batch_exports.domain.backfills import Estimate
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.runs import Run
from batch_exports.ports import ActivityQuery, EngineState, Queue, Transaction
from batch_exports.services import build_services
from batch_exports.services.exports import ExportChange
from mock_server.checks import MockChecks
from mock_server.memory.store import MemoryStore

KEY = Actor(ActorType.API_KEY, "k1", "tests", "r1")
NOW = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)


class HandClock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class RememberingEngine:
    """Knows what it was given and what was cancelled; carries out nothing."""

    def __init__(self) -> None:
        self.started: list[tuple[UUID, Queue]] = []
        self.cancelled: list[UUID] = []
        self.told: dict[UUID, EngineState] = {}

    async def start(self, tx: Transaction, run: Run, queue: Queue) -> None:  # the port's signature
        self.started.append((run.id, queue))

    async def cancel(self, run_id: UUID) -> None:
        self.cancelled.append(run_id)

    async def states(self, run_ids: Iterable[UUID]) -> Mapping[UUID, EngineState]:
        return {run_id: self.told.get(run_id, EngineState.OPEN) for run_id in run_ids}


class ServiceWorld:
    def __init__(self, at: datetime = NOW, max_open_backfills: int = 3, auto_pause_failures: int = 3) -> None:
        self.clock = HandClock(at)
        self.engine = RememberingEngine()
        self.store = MemoryStore()
        self.services = build_services(
            store=self.store,
            clock=self.clock,
            new_id=uuid7,
            engine=self.engine,
            checks=MockChecks(),
            egress=EgressPolicy(EgressMode.LOOPBACK),
            max_open_backfills=max_open_backfills,
            auto_pause_failures=auto_pause_failures,
        )

    async def export(self, **fields):
        """Make an export of project 1 through the use case."""
        body = {"name": "Hourly", "interval": "hour", "destination": {"type": "NoOp", "config": {}}, **fields}
        async with self.store.write() as tx:
            return await self.services.exports.create(tx, 1, body, KEY)

    def change(self, export, versions=None):
        """The change of an export that the key asks for."""
        return ExportChange(1, export.id, KEY, versions)

    async def backfill(self, export, bounds, project_id=1):
        """Make a backfill through the use case."""
        async with self.store.write() as tx:
            return await self.services.backfills.create(tx, project_id, export.id, bounds, KEY)

    async def retry(self, export, run):
        """Retry a run through the use case."""
        async with self.store.write() as tx:
            return await self.services.runs.retry(tx, 1, export.id, run.id, KEY)

    async def activity(self, export):
        """All that the audit log tells of an export, newest first."""
        async with self.store.read() as tx:
            return await tx.activity.page(ActivityQuery(export_id=export.id, limit=100))

    async def reread(self, export):
        """The export as it is kept now."""
        found, _ = await self.services.exports.get(1, export.id)
        return found

    async def runs(self, export):
        """All open runs of an export, oldest first."""
        async with self.store.read() as tx:
            return sorted(await tx.runs.open_runs(export.id), key=lambda run: run.data_interval_start)

    async def open_backfill(self, run, rows=None, earliest=None):
        """Begin a run and its backfill as the engine's run body would, knowing so much of its rows."""
        async with self.store.write() as tx:
            begun = await self.services.lifecycle.begin(tx, run.id)
            return await self.services.lifecycle.open_backfill(tx, begun, Estimate(rows, earliest))

    async def complete(self, run, records=10, size=100):
        """End a run as the engine's run body would."""
        async with self.store.write() as tx:
            await self.services.lifecycle.begin(tx, run.id)
            return await self.services.lifecycle.complete(tx, run.id, records, size)

    async def fail(self, run, error="The bucket does not exist."):
        """Fail a run as the engine's run body would."""
        async with self.store.write() as tx:
            await self.services.lifecycle.begin(tx, run.id)
            return await self.services.lifecycle.fail(tx, run.id, error)


def accept(_destination):
    """A destination check that finds nothing wrong."""
