"""Traces the steps of runs, around the body that carries them out."""

from collections.abc import Callable
from typing import Any, Protocol

from batch_exports.observability.tracing import Tracing

Json = dict[str, Any]


class Body(Protocol):
    """The steps of a run."""

    async def plan(self, run_id: str) -> Json:
        """Mark the run as running and cut it into parts."""
        ...

    async def export_part(
        self, run_id: str, plan: Json, part: Json, done: list[Json], should_stop: Callable[[], bool]
    ) -> list[Json]:
        """Write one part."""
        ...

    async def commit(self, run_id: str, plan: Json, files: list[Json]) -> None:
        """Make the files visible as one complete run."""
        ...

    async def note_retry(self, run_id: str, attempt: int, error: str, delay: float) -> None:
        """Show that a step failed and will be tried again."""
        ...

    async def fail(self, run_id: str, error: str) -> None:
        """End the run as failed."""
        ...


class TracedBody:
    """A span for each step; that of a part is the traffic with the destination, and says how much it was."""

    def __init__(self, body: Body, tracing: Tracing) -> None:
        self._body = body
        self._tracing = tracing

    async def plan(self, run_id: str) -> Json:
        """Mark the run as running and cut it into parts."""
        with self._tracing.step("run plan", run_id=run_id):
            return await self._body.plan(run_id)

    async def export_part(
        self, run_id: str, plan: Json, part: Json, done: list[Json], should_stop: Callable[[], bool]
    ) -> list[Json]:
        """Write one part."""
        with self._tracing.step("run export_part", run_id=run_id, part=part["number"]) as span:
            files = await self._body.export_part(run_id, plan, part, done, should_stop)
            span.set_attribute("batch_exports.rows", sum(file["rows"] for file in files))
            span.set_attribute("batch_exports.bytes", sum(file["bytes"] for file in files))
            return files

    async def commit(self, run_id: str, plan: Json, files: list[Json]) -> None:
        """Make the files visible as one complete run."""
        with self._tracing.step("run commit", run_id=run_id, files=len(files)):
            await self._body.commit(run_id, plan, files)

    async def note_retry(self, run_id: str, attempt: int, error: str, delay: float) -> None:
        """Show that a step failed and will be tried again."""
        await self._body.note_retry(run_id, attempt, error, delay)

    async def fail(self, run_id: str, error: str) -> None:
        """End the run as failed."""
        with self._tracing.step("run fail", run_id=run_id):
            await self._body.fail(run_id, error)
