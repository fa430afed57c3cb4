"""Use cases of destinations: checking settings before rows depend on them."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from batch_exports.domain.destinations import ConnectionCheck, connection_checks
from batch_exports.domain.errors import Invalid
from batch_exports.ports import DestinationChecks, Store
from batch_exports.services import export_fields
from batch_exports.services.exports import CheckDestination, require_export

Body = Mapping[str, Any]

AT_ONCE = 32
"""Checks that one process carries out at a time; the others wait."""


@dataclass(frozen=True, slots=True)
class DestinationService:
    """Runs the connection checks of destinations, before an export is saved or after."""

    store: Store
    checks: DestinationChecks
    threads: Executor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "destination-check"))
    """Of their own, so that servers which keep silent hold up nothing else."""

    async def run_new_step(self, body: Body) -> ConnectionCheck:
        """Run one check with the settings of an export that does not exist yet; raises Invalid."""
        destination = export_fields.check_new(body)
        return await self._run(destination.type, destination.full_config, body.get("step") or 0)

    async def run_step(self, project_id: int, export_id: UUID, body: Body, check: CheckDestination) -> ConnectionCheck:
        """Run one check with an export's settings, under those that the body brings; raises Invalid."""
        async with self.store.read() as tx:
            stored = (await require_export(tx, project_id, export_id)).destination
        sent = body.get("destination") or {}
        export_fields.check_same_type(stored.type, sent)
        export_fields.check_no_integration(sent)
        config = export_fields.changed_config(stored, sent)
        check({"type": stored.type, "config": config})
        return await self._run(stored.type, config, body.get("step") or 0)

    async def _run(self, kind: str, config: Body, step: int) -> ConnectionCheck:
        last = len(connection_checks(kind)) - 1
        if step > last:
            raise Invalid(f"Ensure this value is less than or equal to {last}.", code="max_value", attr="step")
        # With the request's context, by which the log names it and hides its credentials.
        check = partial(copy_context().run, self.checks.run_step, kind, config, step)
        return await asyncio.get_running_loop().run_in_executor(self.threads, check)
