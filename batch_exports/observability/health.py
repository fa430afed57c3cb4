"""Whether the service can do its work: parts that are looked at, not more often than needed."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any, TypeVar

from batch_exports.contract.pages import Part

FRESH_SECONDS = 2.0
"""For how long what was well counts as well without another look."""
PATIENCE_SECONDS = 3.0
"""How long a part has to answer."""

Check = Callable[[], Coroutine[Any, Any, bool]]
Result = TypeVar("Result")


class Readiness:
    """Looks at all parts at once; probes that come meanwhile wait for the same look.

    What is not well is looked at by every probe, so that the service is ready again as soon as it can be.
    """

    def __init__(
        self,
        needed: Mapping[str, Check],
        noted: Mapping[str, Check],
        *,
        fresh_seconds: float = FRESH_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._checks = [(name, check, True) for name, check in needed.items()]
        self._checks += [(name, check, False) for name, check in noted.items()]
        self._fresh_seconds = fresh_seconds
        self._patience_seconds = patience_seconds
        self._parts: Mapping[str, Part] = {}
        self._until = 0.0
        self._look: asyncio.Task[Mapping[str, Part]] | None = None

    async def __call__(self, _state: Mapping[str, Any]) -> Mapping[str, Part]:
        """The parts by name."""
        if monotonic() < self._until:
            return self._parts
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_at_all())
        return await asyncio.shield(self._look)

    async def _look_at_all(self) -> Mapping[str, Part]:
        found = await asyncio.gather(*(self._part(check, needed=needed) for _, check, needed in self._checks))
        self._parts = {name: part for (name, _, _), part in zip(self._checks, found, strict=True)}
        if all(part.well for part in found):
            self._until = monotonic() + self._fresh_seconds
        return self._parts

    async def _part(self, check: Check, *, needed: bool) -> Part:
        try:
            return Part(await bounded(check(), self._patience_seconds), needed)
        except Exception as error:  # noqa: BLE001  # a check that breaks says no, and the log says why
            # The first line alone: drivers add the statement and its values in those that follow.
            said = str(error).partition("\n")[0]
            return Part(well=False, needed=needed, cause=": ".join(filter(None, (type(error).__name__, said))))


async def bounded(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
    """What `work` comes to; raises TimeoutError after so many seconds, even if it takes longer to be cancelled.

    A connection to a database that hangs is such a case: it waits for its own cancellation.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(_heed)
    await asyncio.wait({task}, timeout=seconds)
    if task.done():
        return task.result()
    task.cancel()
    raise TimeoutError


def _heed(task: asyncio.Task[Any]) -> None:
    # How something ends that nobody waits for any more is nobody's concern.
    if not task.cancelled():
        task.exception()
