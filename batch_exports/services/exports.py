"""Use cases of exports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import Backfill
from batch_exports.domain.egress import EgressPolicy, check_config_hosts
from batch_exports.domain.errors import NotFound
from batch_exports.domain.exports import Destination, Export, Model
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.ports import Clock, ExportQuery, IdFactory, Store, Transaction
from batch_exports.services import export_fields
from batch_exports.services.lifecycle import Lifecycle, missed_while_paused, paused, unpaused
from batch_exports.services.scheduler import first_run, next_due

LATEST_RUNS = 10

_DEFAULT_SCHEDULE = Schedule(interval=Interval.HOUR)
_MODELS: Mapping[str, Model] = {model.value: model for model in Model}

Body = Mapping[str, Any]
CheckDestination = Callable[[Body], None]
"""Validates a whole destination, `{type, config}`, against the contract; raises what the HTTP edge answers with."""

ExportWithRuns = tuple[Export, Sequence[Run]]


@dataclass(frozen=True, slots=True)
class ExportService:
    """Creates, shows, changes, pauses and deletes exports."""

    store: Store
    clock: Clock
    new_id: IdFactory
    lifecycle: Lifecycle
    egress: EgressPolicy

    async def page(self, query: ExportQuery) -> tuple[Sequence[ExportWithRuns], int]:
        """One page of a project's exports with their newest runs, and how many exports there are."""
        async with self.store.read() as tx:
            exports, count = await tx.exports.page(query)
            runs = await tx.runs.latest([export.id for export in exports], LATEST_RUNS)
        return [(export, runs.get(export.id, ())) for export in exports], count

    async def get(self, project_id: int, export_id: UUID) -> ExportWithRuns:
        """One export with its newest runs; raises NotFound."""
        async with self.store.read() as tx:
            return await self._with_runs(tx, await require_export(tx, project_id, export_id))

    async def create(self, project_id: int, body: Body) -> ExportWithRuns:
        """Make an export; its first run is that of the interval which now is in. Raises Invalid."""
        now = self.clock.now()
        is_paused = bool(body.get("paused"))
        model = _MODELS[body.get("model") or Model.EVENTS]
        schedule = export_fields.changed_schedule(_DEFAULT_SCHEDULE, body)
        next_start_at, next_at = first_run(schedule, now)
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
            next_start_at=next_start_at,
            next_at=next_at,
            filters=export_fields.new_filters(body, model) if "filters" in body else None,
        )
        self._check(export, body)
        async with self.store.write() as tx:
            await tx.exports.add(export)
        return export, ()

    async def replace(self, project_id: int, export_id: UUID, body: Body, check: CheckDestination) -> ExportWithRuns:
        """Change an export as PUT does: the offsets that are left out are reset, other fields are kept."""
        return await self._change(project_id, export_id, {"offset_day": None, "offset_hour": None, **body}, check)

    async def update(self, project_id: int, export_id: UUID, body: Body, check: CheckDestination) -> ExportWithRuns:
        """Change the fields that are sent; a destination's config is merged into the stored one. Raises Invalid."""
        return await self._change(project_id, export_id, body, check)

    async def delete(self, project_id: int, export_id: UUID) -> None:
        """Cancel an export's backfills and runs, then delete it; what it exported stays where it is."""
        async with self.store.write() as tx:
            export = await require_export(tx, project_id, export_id)
            runs: list[Run] = []
            for backfill in await tx.backfills.open_backfills(export_id):
                runs += await self.lifecycle.cancel_backfill(tx, backfill)
            for run in await tx.runs.open_runs(export_id):
                await self.lifecycle.cancel(tx, run)
                runs.append(run)
            await tx.exports.delete(export.id, self.clock.now())
        await self.lifecycle.stop(runs)

    async def pause(self, project_id: int, export_id: UUID) -> None:
        """Stop the schedule; runs in progress go on. Pausing again changes nothing."""
        async with self.store.write() as tx:
            export = await require_export(tx, project_id, export_id)
            if not export.paused:
                await tx.exports.save(paused(export, self.clock.now()))

    async def unpause(self, project_id: int, export_id: UUID, *, backfill: bool) -> Backfill | None:
        """Start the schedule again, if asked with a backfill of the whole intervals missed since the pause."""
        async with self.store.write() as tx:
            export = await require_export(tx, project_id, export_id)
            if not export.paused:
                return None
            now = self.clock.now()
            await tx.exports.save(unpaused(export, now))
            missed = missed_while_paused(export, now) if backfill else None
            return None if missed is None else await self.lifecycle.start_backfill(tx, export, *missed)

    async def _change(self, project_id: int, export_id: UUID, body: Body, check: CheckDestination) -> ExportWithRuns:
        async with self.store.write() as tx:
            stored = await require_export(tx, project_id, export_id)
            export = replace(
                stored,
                name=body.get("name", stored.name),
                destination=self._changed_destination(stored.destination, body, check),
                schedule=export_fields.changed_schedule(stored.schedule, body),
                filters=export_fields.new_filters(body, stored.model) if "filters" in body else stored.filters,
                last_updated_at=self.clock.now(),
            )
            export_fields.check_same_model(stored.model, body)
            self._check(export, body)
            export = self._rescheduled(stored, export, pause=body.get("paused"))
            await tx.exports.save(export)
            return await self._with_runs(tx, export)

    def _changed_destination(self, stored: Destination, body: Body, check: CheckDestination) -> Destination:
        sent = body.get("destination")
        if sent is None:
            return stored
        export_fields.check_same_type(stored.type, sent)
        config = export_fields.merged(stored.full_config, sent.get("config") or {})
        check({"type": stored.type, "config": config})
        return export_fields.new_destination({**sent, "type": stored.type, "config": config})

    def _check(self, export: Export, body: Body) -> None:
        config = export.destination.full_config
        export_fields.check_fields(body, export, config)
        check_config_hosts(export.destination.type, config, self.egress)

    def _rescheduled(self, stored: Export, export: Export, *, pause: bool | None) -> Export:
        now = self.clock.now()
        if pause is True:
            return paused(export, now)
        if pause is False and stored.paused:
            return unpaused(export, now)
        if export.schedule == stored.schedule:
            return export
        # From where the old schedule had come to: the next run begins there, whatever its interval's usual start.
        covered = stored.next_start_at or now
        return replace(export, next_at=next_due(export.schedule, covered))

    async def _with_runs(self, tx: Transaction, export: Export) -> ExportWithRuns:
        runs = await tx.runs.latest([export.id], LATEST_RUNS)
        return export, runs.get(export.id, ())


async def require_export(tx: Transaction, project_id: int, export_id: UUID) -> Export:
    """The export, or NotFound."""
    export = await tx.exports.get(project_id, export_id)
    if export is None:
        raise NotFound
    return export
