"""Runs without data: each follows its plan along the world's clock, through the same state changes as in production."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports import EngineState, Queue, Transaction
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryStore
from mock_server.plans import Plan, make_plan
from mock_server.progression import Mode, Progression


class Simulator:
    """The mock's engine: it keeps an agenda of open runs, written in the transactions that make them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def start(self, tx: Transaction, run: Run, queue: Queue) -> None:  # noqa: ARG002  # nothing has to wait here
        """Put a run on the agenda."""
        session: Session = tx.connection
        tables = session.tables
        plan = make_plan(tables.exports[run.export_id], run, heeds_names=tables.heeds_names)
        enter(session, run.id, plan, due_at(session, run, plan, run.created_at))

    async def cancel(self, run_id: UUID) -> None:
        """Nothing to do: a run whose row has ended is dropped when its turn comes."""

    async def states(self, run_ids: Iterable[UUID]) -> Mapping[UUID, EngineState]:
        """What became of runs, which their rows tell."""
        runs = self._store.tables.runs
        return {run_id: _state(runs.get(run_id)) for run_id in run_ids}


def enter(session: Session, run_id: UUID, plan: Plan, at: datetime | None) -> None:
    """Have a run looked at when the clock shows `at`; None for one that waits until somebody moves it."""
    leave(session, run_id)
    tables = session.draft()
    tables.plans = tables.plans.insert(run_id, replace(plan, due_at=at))
    if at is not None:
        tables.agenda = tables.agenda.add((at, run_id))


def leave(session: Session, run_id: UUID) -> None:
    """Forget the plan of a run."""
    tables = session.draft()
    plan = tables.plans.get(run_id)
    if plan is None:
        return
    tables.plans = tables.plans.remove(run_id)
    if plan.due_at is not None:
        tables.agenda = tables.agenda.discard((plan.due_at, run_id))


def follow(session: Session, progression: Progression, now: datetime) -> None:
    """Let runs move by a progression from now on; those in progress, too."""
    tables = session.draft()
    takes_time_already = tables.progression.mode is progression.mode is Mode.CLOCK
    tables.progression = progression
    if takes_time_already:
        return
    for _, run_id in tables.runs_open.ascending():
        run = tables.runs[run_id]
        plan = plan_of(session, run)
        if plan is not None:
            resumed = replace(plan.resumed(run, now), looks=0)
            enter(session, run_id, resumed, due_at(session, run, resumed, now))


def plan_of(session: Session, run: Run) -> Plan | None:
    """The plan of a run, made if there is none; None when its export is deleted."""
    tables = session.tables
    export = tables.exports.get(run.export_id)
    if export is None:
        return None
    return tables.plans.get(run.id) or make_plan(export, run, heeds_names=tables.heeds_names)


def due_at(session: Session, run: Run, plan: Plan, now: datetime) -> datetime | None:
    """When the agenda has a run; None when it waits until somebody moves it."""
    progression = session.tables.progression
    if progression.ends_unseen:
        return now
    if progression.mode is not Mode.CLOCK:
        return None
    return plan.begins_at if run.status is RunStatus.STARTING else plan.next_look(now, now)


def _state(run: Run | None) -> EngineState:
    if run is None:
        return EngineState.UNKNOWN
    return EngineState.OPEN if run.is_open else EngineState.DONE
