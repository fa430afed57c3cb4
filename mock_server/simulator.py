"""Runs without data: each follows its plan along the world's clock, through the same state changes as in production."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from batch_exports.domain.backfills import Estimate
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports import EngineState, Queue, Transaction
from batch_exports.services.lifecycle import Lifecycle
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryStore, MemoryTransaction
from mock_server.plans import Plan, estimate, make_plan


class Simulator:
    """The mock's engine: it keeps an agenda of open runs, written in the transactions that make them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def start(self, tx: Transaction, run: Run, queue: Queue) -> None:  # noqa: ARG002  # nothing has to wait here
        """Put a run on the agenda."""
        session: Session = tx.connection
        plan = make_plan(session.tables.exports[run.export_id], run)
        enter(session, run.id, plan, plan.begins_at)

    async def cancel(self, run_id: UUID) -> None:
        """Nothing to do: a run whose row has ended is dropped when its turn comes."""

    async def states(self, run_ids: Iterable[UUID]) -> Mapping[UUID, EngineState]:
        """What became of runs, which their rows tell."""
        runs = self._store.tables.runs
        return {run_id: _state(runs.get(run_id)) for run_id in run_ids}


def enter(session: Session, run_id: UUID, plan: Plan, at: datetime) -> None:
    """Have a run looked at when the clock shows `at`."""
    tables = session.draft()
    tables.plans = tables.plans.insert(run_id, plan)
    tables.agenda = tables.agenda.add((at, run_id))


@dataclass(frozen=True, slots=True)
class Playback:
    """Carries out the agenda, entry by entry."""

    store: MemoryStore
    lifecycle: Lifecycle

    def next_at(self) -> datetime | None:
        """When the next run has to be looked at."""
        entry = self.store.tables.agenda.first()
        return entry and entry[0]

    async def step(self, until: datetime) -> None:
        """Bring the first run of the agenda to the present, which the clock shows, on the way to `until`."""
        async with self.store.write() as tx:
            tables = tx.connection.draft()
            entry = tables.agenda.first()
            if entry is None:
                return
            at, run_id = entry
            tables.agenda = tables.agenda.discard(entry)
            plan, run = tables.plans.get(run_id), tables.runs.get(run_id)
            if plan is None or run is None or not run.is_open:
                tables.plans = tables.plans.discard(run_id)
            elif at < plan.ends_at:
                going = await self._go_on(tx, run, plan, at)
                tables.plans = tables.plans.discard(run_id)
                if going is not None:
                    enter(tx.connection, run_id, going, going.next_look(at, until))
            else:
                tables.plans = tables.plans.discard(run_id)
                await self._end(tx, run, plan)

    async def _go_on(self, tx: MemoryTransaction, run: Run, plan: Plan, at: datetime) -> Plan | None:
        """Bring a run to the present; the plan it goes on with, None when it has ended."""
        if run.status is RunStatus.STARTING:
            opened = await self._begin(tx, run)
            if opened is None:
                return None
            plan = replace(plan, rows=opened.rows, size=opened.size)
        if plan.error is not None:
            return plan
        share = plan.share(at)
        await self.lifecycle.progress(
            tx,
            run.id,
            records_total_count=plan.rows,
            records_completed=int(plan.rows * share),
            bytes_exported=int(plan.size * share),
        )
        if run.status is RunStatus.STARTING:
            await self.lifecycle.log(tx, run, LogLevel.INFO, f"Started: {plan.rows} rows to export.")
        return plan

    async def _begin(self, tx: MemoryTransaction, run: Run) -> Plan | None:
        """Begin a run, and its backfill if it is the first; what the run has to do then, None for nothing."""
        tables = tx.connection.tables
        export = tables.exports.get(run.export_id)
        backfill = None if run.backfill_id is None else tables.backfills.get(run.backfill_id)
        begun = await self.lifecycle.begin(tx, run.id)
        if begun is not None and export is not None and backfill is not None:
            found = estimate(export, backfill) if run.retry_of is None else Estimate()
            begun = await self.lifecycle.open_backfill(tx, begun, found)
        return None if begun is None or export is None else make_plan(export, begun)

    async def _end(self, tx: Transaction, run: Run, plan: Plan) -> None:
        if plan.error is not None:
            await self.lifecycle.fail(tx, run.id, plan.error)
        elif await self.lifecycle.complete(tx, run.id, plan.rows, plan.size) is not None:
            await self.lifecycle.log(
                tx, run, LogLevel.INFO, f"Completed: {plan.rows} rows, {plan.size} bytes, 1 files."
            )


def _state(run: Run | None) -> EngineState:
    if run is None:
        return EngineState.UNKNOWN
    return EngineState.OPEN if run.is_open else EngineState.DONE
