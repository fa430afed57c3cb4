"""Use cases of exports."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from batch_exports.domain.activity import ActivityKind, Actor
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.coverage import rescheduled
from batch_exports.domain.destinations import check_fixed_settings
from batch_exports.domain.egress import EgressPolicy
from batch_exports.domain.errors import NOT_FOUND, Changed, NotFound
from batch_exports.domain.exports import Destination, Export, Model, PausedReason
from batch_exports.domain.pausing import missed_while_paused, paused, unpaused
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.ports import Clock, ExportQuery, IdFactory, Store, Transaction
from batch_exports.services import export_fields
from batch_exports.services.journal import Journal
from batch_exports.services.lifecycle import Lifecycle

LATEST_RUNS = 10

_DEFAULT_SCHEDULE = Schedule(interval=Interval.HOUR)
_MODELS: Mapping[str, Model] = {model.value: model for model in Model}

Body = Mapping[str, Any]
CheckDestination = Callable[[Body], None]
"""Validates a whole destination, `{type, config}`, against the contract; raises what the HTTP edge answers with."""

ExportWithRuns = tuple[Export, Sequence[Run]]


@dataclass(frozen=True, slots=True)
class ExportChange:
    """Which export somebody changes, and, if they say so, which versions of it alone."""

    project_id: int
    export_id: UUID
    by: Actor
    versions: Collection[int] | None = None

    async def require(self, tx: Transaction, missing: str = NOT_FOUND) -> Export:
        """The export; raises NotFound, or Changed when it is another version."""
        export = await require_export(tx, self.project_id, self.export_id, missing)
        if self.versions is not None and export.version not in self.versions:
            raise Changed(
                f'The export has changed: its ETag is "{export.version}". Read it again, and repeat the change if it '
                "still makes sense.",
                attr="If-Match",
            )
        return export


@dataclass(frozen=True, slots=True)
class ExportService:
    """Creates, shows, changes, pauses and deletes exports."""

    store: Store
    clock: Clock
    new_id: IdFactory
    lifecycle: Lifecycle
    egress: EgressPolicy
    journal: Journal

    async def page(self, query: ExportQuery, latest_runs: int) -> tuple[Sequence[ExportWithRuns], int]:
        """One page of a project's exports with their newest runs, and how many exports there are."""
        async with self.store.read() as tx:
            exports, count = await tx.exports.page(query)
            runs = await _latest(tx, [export.id for export in exports], latest_runs)
        return [(export, runs.get(export.id, ())) for export in exports], count

    async def get(self, project_id: int, export_id: UUID, latest_runs: int = LATEST_RUNS) -> ExportWithRuns:
        """One export with its newest runs; raises NotFound."""
        async with self.store.read() as tx:
            return await _with_runs(tx, await require_export(tx, project_id, export_id), latest_runs)

    async def create(self, tx: Transaction, project_id: int, body: Body, by: Actor) -> Export:
        """Make an export; its first run is that of the interval which now is in. Raises Invalid."""
        now = self.clock.now()
        is_paused = bool(body.get("paused"))
        model = _MODELS[body.get("model") or Model.EVENTS]
        schedule = export_fields.changed_schedule(_DEFAULT_SCHEDULE, body)
        export = Export(
            id=self.new_id(),
            project_id=project_id,
            name=body["name"],
            model=model,
            destination=export_fields.new_destination(body["destination"]),
            schedule=schedule,
            paused=is_paused,
            created_at=now,
            last_updated_at=now,
            last_paused_at=now if is_paused else None,
            paused_reason=PausedReason.REQUEST if is_paused else None,
            next_start_at=schedule.floor(now),
            next_at=schedule.next_due(now),
            filters=export_fields.new_filters(body, model) if "filters" in body else None,
        )
        export_fields.check_destination(export.destination, model, self.egress)
        export_fields.check_no_queries(body)
        await tx.exports.add(export)
        await self.journal.note(tx, by, ActivityKind.CREATED, export)
        return export

    async def replace(self, change: ExportChange, body: Body, check: CheckDestination) -> ExportWithRuns:
        """Change an export as PUT does: the offsets that are left out are reset, other fields are kept."""
        return await self.update(change, {"offset_day": None, "offset_hour": None, **body}, check)

    async def update(self, change: ExportChange, body: Body, check: CheckDestination) -> ExportWithRuns:
        """Change the fields that are sent; a destination's config is merged into the stored one.

        Raises Invalid, or Changed when the export is not the version that the change is for.
        """
        async with self.store.write() as tx:
            stored = await change.require(tx)
            export_fields.check_same_model(stored.model, body)
            export = replace(
                stored,
                name=body.get("name", stored.name),
                destination=self._changed_destination(stored.destination, body, check),
                schedule=export_fields.changed_schedule(stored.schedule, body),
                filters=export_fields.new_filters(body, stored.model) if "filters" in body else stored.filters,
            )
            # One that is as it was is not judged again: its credentials may be unreadable.
            if export.destination is not stored.destination:
                export_fields.check_destination(export.destination, export.model, self.egress)
            export_fields.check_no_queries(body)
            export = self._timed(stored, export, pause=body.get("paused"))
            export = await self.journal.save(tx, change.by, stored, export)
            return await _with_runs(tx, export, LATEST_RUNS)

    async def delete(self, change: ExportChange) -> None:
        """Cancel an export's backfills and runs, then delete it; what it exported stays where it is."""
        async with self.store.write() as tx:
            export = await change.require(tx)
            export_id = export.id
            runs: list[Run] = []
            for backfill in await tx.backfills.open_backfills(export_id):
                runs += await self.lifecycle.cancel_backfill(tx, backfill)
            for run in await tx.runs.open_runs(export_id):
                await self.lifecycle.cancel(tx, run)
                runs.append(run)
            await tx.exports.delete(export.id, self.clock.now())
            await self.journal.note(tx, change.by, ActivityKind.DELETED, export)
        await self.lifecycle.stop(runs)

    async def pause(self, change: ExportChange) -> None:
        """Stop the schedule; runs in progress go on. Pausing again changes nothing."""
        async with self.store.write() as tx:
            export = await change.require(tx, _unknown(change.export_id))
            await self.journal.save(tx, change.by, export, paused(export, self.clock.now()))

    async def unpause(self, change: ExportChange, *, backfill: bool) -> Backfill | None:
        """Start the schedule again, if asked with a backfill of the whole intervals missed since the pause."""
        async with self.store.write() as tx:
            export = await change.require(tx, _unknown(change.export_id))
            if not export.paused:
                return None
            now = self.clock.now()
            await self.journal.save(tx, change.by, export, unpaused(export, now))
            missed = missed_while_paused(export, now) if backfill else None
            if missed is None:
                return None
            made = await self.lifecycle.start_backfill(tx, export, *missed)
            await self.journal.note(tx, change.by, ActivityKind.BACKFILL_CREATED, export, backfill_id=made.id)
            return made

    def _changed_destination(self, stored: Destination, body: Body, check: CheckDestination) -> Destination:
        sent = body.get("destination")
        if sent is None:
            return stored
        export_fields.check_same_type(stored.type, sent)
        config = export_fields.changed_config(stored, sent)
        check({"type": stored.type, "config": config})
        check_fixed_settings(stored.type, stored.config, config)
        return export_fields.new_destination({**sent, "type": stored.type, "config": config})

    def _timed(self, stored: Export, export: Export, *, pause: bool | None) -> Export:
        now = self.clock.now()
        if export.schedule != stored.schedule:
            export = rescheduled(stored, export, now)
        if pause is True:
            return paused(export, now)
        return unpaused(export, now) if pause is False and stored.paused else export


async def _with_runs(tx: Transaction, export: Export, count: int) -> ExportWithRuns:
    return export, (await _latest(tx, [export.id], count)).get(export.id, ())


async def _latest(tx: Transaction, export_ids: Sequence[UUID], count: int) -> Mapping[UUID, Sequence[Run]]:
    return await tx.runs.latest(export_ids, count) if count else {}


async def require_export(tx: Transaction, project_id: int, export_id: UUID, missing: str = NOT_FOUND) -> Export:
    """The export, or NotFound with the text `missing`."""
    export = await tx.exports.get(project_id, export_id)
    if export is None:
        raise NotFound(missing)
    return export


def _unknown(export_id: UUID) -> str:
    return f"BatchExport ID '{export_id}' not found."
