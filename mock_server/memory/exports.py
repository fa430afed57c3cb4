"""Exports in memory."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from batch_exports.domain.errors import NotFound
from batch_exports.domain.exports import Export
from batch_exports.ports import ExportQuery
from mock_server.memory.session import Session
from mock_server.memory.tables import Tables, add_to, drop_from
from mock_server.memory.texts import contains_text
from mock_server.memory.windows import scan


class MemoryExports:
    """Exports by id, by project (in the order of creation), and by when they are due."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, project_id: int, export_id: UUID) -> Export | None:
        """One export of a project."""
        export = self._session.tables.exports.get(export_id)
        return export if export is not None and export.project_id == project_id else None

    async def page(self, query: ExportQuery) -> tuple[Sequence[Export], int]:
        """The exports of one page, and how many there are in all."""
        tables = self._session.tables
        index = tables.exports_of_project.get(query.project_id)
        if index is None:
            return [], 0
        found = [export for _, export_id in index.descending() if _fits(export := tables.exports[export_id], query)]
        found.sort(key=lambda export: (getattr(export, query.order_by), export.id), reverse=query.descending)
        return found[query.offset : query.offset + query.limit], len(found)

    async def add(self, export: Export) -> None:
        """Keep a new export."""
        tables = self._session.draft()
        key = (export.created_at, export.id)
        tables.exports_of_project = add_to(tables.exports_of_project, export.project_id, key)
        _put(tables, export)

    async def save(self, export: Export) -> None:
        """Replace an export that exists; raises NotFound when it does not, or not any more."""
        tables = self._session.draft()
        stored = tables.exports.get(export.id)
        if stored is None:
            raise NotFound
        _drop_due(tables, stored)
        _put(tables, export)

    async def delete(self, export_id: UUID, at: datetime) -> None:  # noqa: ARG002  # what is gone needs no date
        """Forget an export; its runs stay for the engine to settle, out of everybody else's sight."""
        tables = self._session.draft()
        export = tables.exports.get(export_id)
        if export is None:
            return
        _drop_due(tables, export)
        tables.exports = tables.exports.remove(export_id)
        key = (export.created_at, export_id)
        tables.exports_of_project = drop_from(tables.exports_of_project, export.project_id, key)

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[int, UUID]]:
        """Project and id of exports whose `next_at` is not after `now`, longest due first."""
        tables = self._session.tables
        keys = islice(scan(tables.exports_due, descending=False, high=now), limit)
        return [(tables.exports[export_id].project_id, export_id) for _, export_id in keys]


def _fits(export: Export, query: ExportQuery) -> bool:
    kind, interval = export.destination.type, export.schedule.interval
    wanted = (query.paused, query.model, query.interval, query.destination_type)
    found = (export.paused, export.model, interval, kind)
    same = all(value is None or value == other for value, other in zip(wanted, found, strict=True))
    return same and (query.search is None or contains_text(export.name, query.search))


def _put(tables: Tables, export: Export) -> None:
    # Copies of what can be changed in place: whatever its owner does to it later is no write.
    export = replace(export, destination=deepcopy(export.destination), filters=deepcopy(export.filters))
    tables.exports = tables.exports.insert(export.id, export)
    if export.next_at is not None and not export.paused:
        tables.exports_due = tables.exports_due.add((export.next_at, export.id))


def _drop_due(tables: Tables, export: Export) -> None:
    if export.next_at is not None:
        tables.exports_due = tables.exports_due.discard((export.next_at, export.id))
