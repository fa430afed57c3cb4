"""What the engine asks of those whose work it makes durable: steps that take and give JSON, since that is recorded."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]

About = Callable[[str, str], AbstractContextManager[None]]
"""A block that is about a run and its export, whose ids are given."""


class RunBody(Protocol):
    """The steps of a run.

    Any step may be carried out again after a crash. They raise PermanentFailure (the run fails at once),
    RetryableFailure (the step is tried again) or RunCancelled (the run stops without a word), the last also when the
    run's row has ended already: a worker that was just shutting down may put a cancelled run back.
    """

    async def plan(self, run_id: str) -> Json:
        """Mark the run as running and cut it into `parts`; `skip` is true when it has ended already."""
        ...

    async def export_part(
        self, run_id: str, plan: Json, part: Json, done: list[Json], should_stop: Callable[[], bool]
    ) -> list[Json]:
        """Write one part behind the files that are `done`, and return its files.

        `should_stop`, callable from any thread, is to be asked between chunks. It turns true on a cancel and on a
        shutdown, so a part that obeys leaves the run's row alone.
        """
        ...

    async def commit(self, run_id: str, plan: Json, files: list[Json]) -> None:
        """Make the files visible as one complete run and end the run's row as completed."""
        ...

    async def note_retry(self, run_id: str, attempt: int, error: str, delay: float) -> None:
        """Show that a step failed and will be tried again in `delay` seconds, as attempt number `attempt`."""
        ...

    async def fail(self, run_id: str, error: str) -> None:
        """End the run's row as failed with a cause that its user can read."""
        ...


@dataclass(frozen=True, slots=True)
class Duties:
    """All that a worker does: the steps of runs, and what it does again and again beside them."""

    body: RunBody
    tick: Callable[[], Awaitable[object]]
    """Starts what is due."""
    reconcile: Callable[[], Awaitable[object]]
    """Ends open runs that the engine gave up."""
    tidy: Callable[[], Awaitable[object]]
    """Removes what has expired."""
    about: About = lambda _run_id, _export_id: nullcontext()
    """Entered around all steps of a run, retries and what is logged of them among it."""
