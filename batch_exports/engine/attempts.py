"""How often a step is tried, and what its user reads of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from batch_exports.domain.errors import PermanentFailure, RetryableFailure, RunCancelled
from batch_exports.engine.cancellation import is_cancelled

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a passing fault is borne, and how long to wait in between."""

    attempts: int = 6
    base_seconds: float = 2.0
    factor: float = 3.0
    cap_seconds: float = 120.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after the failure of attempt number `attempt`, the first being 1."""
        try:
            return min(self.base_seconds * self.factor ** (attempt - 1), self.cap_seconds)
        except OverflowError:
            return self.cap_seconds


@dataclass(frozen=True, slots=True)
class Done:
    """A step succeeded."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A step failed for good, for a cause that its user can read."""

    error: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A step found that its run had been cancelled."""


Outcome = Done | Failed | Stopped

NoteRetry = Callable[[int, str, float], Awaitable[None]]
"""Takes the number of the next attempt, what the one before failed with, and the seconds until then."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries a step until it succeeds, fails for good or is stopped."""

    policy: RetryPolicy
    transient_errors: tuple[type[Exception], ...]
    stopping: asyncio.Event
    """Set when the worker shuts down: what is going on is then given up, to be resumed later."""

    async def carry_out(self, call: Callable[[], Awaitable[Any]], note_retry: NoteRetry, *, label: str) -> Outcome:
        """Try `call`, announcing each further attempt; raises CancelledError when the worker shuts down meanwhile."""
        attempt = 1
        while True:
            try:
                return Done(await call())
            except PermanentFailure as failure:
                return Failed(str(failure))
            except (Exception, asyncio.CancelledError) as error:
                # Whatever goes wrong must end in a state that the user can read.
                if isinstance(error, asyncio.CancelledError) and is_cancelled():
                    raise
                self._give_up_on_shutdown()
                if isinstance(error, RunCancelled):
                    return Stopped()
                if not self._is_transient(error):
                    return Failed(_unexpected(error, label))
                if attempt >= self.policy.attempts:
                    return Failed(_exhausted(error, attempt))
                text = _readable(error)
            delay = self.policy.pause(attempt)
            await _note(note_retry, attempt + 1, text, delay)
            await self._pause(delay)
            attempt += 1

    def _is_transient(self, error: BaseException) -> bool:
        return isinstance(error, (RetryableFailure, *self.transient_errors))

    def _give_up_on_shutdown(self) -> None:
        if self.stopping.is_set():
            raise asyncio.CancelledError

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
        self._give_up_on_shutdown()


async def _note(note_retry: NoteRetry, attempt: int, error: str, delay: float) -> None:
    try:
        await note_retry(attempt, error, delay)
    except Exception as trouble:
        # The note is a courtesy; the attempt that follows finds out what is wrong.
        logger.warning("Could not note attempt %d of a step: %s.", attempt, type(trouble).__name__)
        logger.debug("Why not:", exc_info=True)


def _readable(error: BaseException) -> str:
    """The text of a failure that was made for reading; of any other only its type, as its text may hold a secret."""
    return str(error) if isinstance(error, RetryableFailure) else f"Connection trouble ({type(error).__name__})."


def _exhausted(error: BaseException, attempts: int) -> str:
    if attempts == 1:
        return _readable(error)
    return f"Tried {attempts} times; the last time: {_readable(error)}"


def _unexpected(error: BaseException, label: str) -> str:
    logger.error("Unexpected error in %s.", label, exc_info=error)
    return f"An unexpected error ended the run ({type(error).__name__}). The service's log has the details."
