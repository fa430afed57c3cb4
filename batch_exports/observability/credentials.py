"""Keeps the credentials of destinations out of what is logged while they are in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from batch_exports.domain.destinations import SECRET_KEYS, ConnectionCheck, split_secrets
from batch_exports.domain.exports import Export
from batch_exports.observability.subject import hide
from batch_exports.ports import DestinationChecks, ExportQuery, ExportRepository


class HidingExports:
    """The repository of exports, from which credentials come and to which they go."""

    __slots__ = ("_exports",)

    def __init__(self, exports: ExportRepository) -> None:
        self._exports = exports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exports, name)

    async def get(self, project_id: int, export_id: UUID) -> Export | None:
        """One export of a project."""
        export = await self._exports.get(project_id, export_id)
        if export is not None:
            hide(export.destination.secrets)
        return export

    async def page(self, query: ExportQuery) -> tuple[Sequence[Export], int]:
        """The exports of one page, and how many there are in all."""
        page, count = await self._exports.page(query)
        hide(export.destination.secrets for export in page)
        return page, count

    async def add(self, export: Export) -> None:
        """Keep a new export."""
        hide(export.destination.secrets)
        await self._exports.add(export)

    async def save(self, export: Export) -> None:
        """Replace an export that exists."""
        hide(export.destination.secrets)
        await self._exports.save(export)


@dataclass(frozen=True, slots=True)
class HidingChecks:
    """The connection checks, whose settings may be of an export that is not kept."""

    checks: DestinationChecks

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> ConnectionCheck:
        """Run one check."""
        _, secrets = split_secrets(SECRET_KEYS[kind], config)
        hide(secrets)
        return self.checks.run_step(kind, config, step)
