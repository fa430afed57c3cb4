"""Duties that a worker does again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from batch_exports.engine.cancellation import is_cancelled
from batch_exports.engine.lock import Confirm, WorkerAlreadyRunning

logger = logging.getLogger(__name__)


async def repeat(duty: Callable[[], Awaitable[object]], seconds: float, stopping: asyncio.Event, *, name: str) -> None:
    """Do `duty` every so many seconds until `stopping` is set; its errors are logged and do not end it."""
    failing = False
    while not stopping.is_set():
        try:
            await duty()
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled():
                raise
            # Told once, not each second, for as long as it lasts.
            if not failing:
                logger.exception("%s failed and will be tried again every %g s.", name, seconds)
            else:
                logger.debug("%s failed again: %r", name, error)
            failing = True
        else:
            if failing:
                logger.warning("%s works again.", name)
            failing = False
        await _pause(seconds, stopping)


async def stay_alone(confirm: Confirm, seconds: float, stopping: asyncio.Event) -> None:
    """Confirm every so many seconds that no other worker has come; raises WorkerAlreadyRunning, and stops this one."""
    while not stopping.is_set():
        try:
            await asyncio.to_thread(confirm)
        except WorkerAlreadyRunning:
            stopping.set()
            raise
        except Exception:
            # Away for a while: the schedule, which fails as well, says so.
            logger.debug("The database does not answer.", exc_info=True)
        await _pause(seconds, stopping)


async def _pause(seconds: float, stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
