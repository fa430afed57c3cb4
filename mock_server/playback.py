"""Moves runs through a world: by the agenda, entry by entry, by looks at them, and by hand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from batch_exports.domain.runs import Run, RunStatus
from mock_server.memory.store import MemoryStore
from mock_server.moves import Moves
from mock_server.progression import FAILURES, NEXT, Ending, Progression
from mock_server.simulator import due_at, enter, follow, leave, plan_of


class IllegalStepError(Exception):
    """A run cannot be moved to this status."""

    def __init__(self, run: Run, to: RunStatus | None) -> None:
        possible = NEXT.get(run.status, ())
        if possible:
            text = f"A run that is {run.status} cannot be moved to {to}. It can be moved to: {', '.join(possible)}."
        else:
            text = f"The run has ended as {run.status}, and can be moved to no other status. Retry it instead."
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Playback:
    """What moves the runs of one store."""

    store: MemoryStore
    moves: Moves

    def next_at(self) -> datetime | None:
        """When the next run has to be looked at."""
        entry = self.store.tables.agenda.first()
        return entry and entry[0]

    async def step(self, until: datetime) -> None:
        """Bring the first run of the agenda to the present, which the clock shows, on the way to `until`."""
        async with self.store.write() as tx:
            session = tx.connection
            tables = session.draft()
            entry = tables.agenda.first()
            if entry is None:
                return
            at, run_id = entry
            plan, run = tables.plans[run_id], tables.runs.get(run_id)
            leave(session, run_id)
            if run is None or not run.is_open:
                return
            share = 1.0 if tables.progression.ends_unseen else plan.share(at)
            going = await self.moves.bring(tx, run, plan, share)
            if going is not None:
                enter(session, run_id, going, going.next_look(at, until))

    async def look(self, run_ids: Iterable[UUID]) -> None:
        """Move each of these runs one share further, if looks are what moves runs."""
        async with self.store.write() as tx:
            session = tx.connection
            progression = session.tables.progression
            for run_id in run_ids if progression.counts_looks else ():
                run = session.tables.runs[run_id]
                plan = plan_of(session, run) if run.is_open else None
                if plan is None:
                    continue
                leave(session, run_id)
                seen = replace(plan, looks=plan.looks + 1)
                going = await self.moves.bring(tx, run, seen, progression.share(seen.looks))
                if going is not None:
                    enter(session, run_id, going, None)

    async def follow(self, progression: Progression, now: datetime) -> None:
        """Let runs move by a progression from now on; those in progress, too."""
        async with self.store.write() as tx:
            follow(tx.connection, progression, now)

    async def push(self, run_id: UUID, to: RunStatus | None, error: str | None, now: datetime) -> Run | None:
        """Move a run to a status, or to its next one, by hand; None when there is no such run.

        Raises IllegalStepError, or ValueError for an error where a run has none.
        """
        async with self.store.write() as tx:
            session = tx.connection
            run = session.tables.runs.get(run_id)
            plan = None if run is None else plan_of(session, run)
            if run is None or plan is None:
                return None
            ending = _chosen(session.tables.progression.ending(plan.error), run, to, error)
            leave(session, run_id)
            if ending is None:
                going = await self.moves.bring(tx, run, plan, 0.0)
                if going is not None:
                    enter(session, run_id, going, due_at(session, session.tables.runs[run_id], going, now))
            elif ending.status is RunStatus.COMPLETED:
                await self.moves.bring(tx, run, plan, 1.0, ending)
            else:
                await self.moves.end(tx, run_id, plan, ending)
            return session.tables.runs[run_id]


def _chosen(planned: Ending, run: Run, to: RunStatus | None, error: str | None) -> Ending | None:
    """How a run ends by a step to a status, or to its next one; None when it begins."""
    if to is None:
        to = RunStatus.RUNNING if run.status is RunStatus.STARTING else planned.status
    if to not in NEXT.get(run.status, ()):
        raise IllegalStepError(run, to)
    if error is not None and to not in FAILURES:
        raise ValueError(f"A run that is {to} has no error: leave 'latest_error' out, or end it without success.")
    if to is RunStatus.RUNNING:
        return None
    if error is None and to is planned.status:
        return planned
    return Ending(to, error or FAILURES.get(to))
