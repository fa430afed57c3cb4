"""A world for the use cases: the mock's store, a clock that is set by hand, and an engine that only remembers."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.runs import Run
from batch_exports.ports import EngineState, Queue, Transaction
from batch_exports.services import build_services
from mock_server.checks import MockChecks
from mock_server.memory.store import MemoryStore

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
    def __init__(self, at: datetime = NOW, max_open_backfills: int = 3) -> None:
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
        )

    async def export(self, **fields):
        """Make an export of project 1 through the use case."""
        body = {"name": "Hourly", "interval": "hour", "destination": {"type": "NoOp", "config": {}}, **fields}
        export, _ = await self.services.exports.create(1, body)
        return export

    async def reread(self, export):
        """The export as it is kept now."""
        found, _ = await self.services.exports.get(1, export.id)
        return found

    async def runs(self, export):
        """All open runs of an export, oldest first."""
        async with self.store.read() as tx:
            return sorted(await tx.runs.open_runs(export.id), key=lambda run: run.data_interval_start)

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
