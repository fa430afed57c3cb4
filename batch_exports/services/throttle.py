"""Holds each API key to its number of requests, counted in the store and so by all processes together."""

import asyncio
import logging
import math
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from batch_exports.domain.throttles import MINUTE, Quota, RateLimits, Usage, give_back, take_lease
from batch_exports.ports import Clock, Store

MOST_KEYS = 10_000
"""How many keys one process remembers; beyond them the one seen first gives up what it had left."""
PATIENCE_SECONDS = 1.0
"""How long a request waits for the store to count it."""
_PAUSE = timedelta(seconds=5)
"""For how long requests are let through uncounted once the store did not answer."""
_NEVER = datetime.min.replace(tzinfo=UTC)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a request may be made, and how it stands with the window that its key will use up first."""

    admitted: bool
    limit: int
    remaining: int
    seconds: int
    """Whole seconds until that window ends."""


@dataclass(slots=True)
class _Account:
    """Requests that this process may still let a key make without asking the store."""

    key_id: UUID
    left: int = 0
    quota: Quota | None = None
    charged: Usage = field(default_factory=dict)
    ends_at: datetime = _NEVER
    renewal: asyncio.Task[None] | None = None


class ThrottleService:
    """Takes leases on what a key may still use, a few requests at a time, so that most requests write nothing.

    The sum over all processes never exceeds a limit, since a lease is taken from it before it is used. Leases end after
    a minute at the latest, so that the store learns at least that often that a key is in use.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        limits: RateLimits,
        *,
        patience: float = PATIENCE_SECONDS,
        most_keys: int = MOST_KEYS,
    ) -> None:
        self.limits = limits
        self._patience = patience
        self._most_keys = most_keys
        self._store = store
        self._clock = clock
        self._accounts: dict[str, _Account] = {}
        self._is_counting = True

    async def admit(self, key_id: str) -> Standing | None:
        """Count a request of a key; None if it is not limited."""
        account = self._accounts.get(key_id) or self._open(key_id)
        now = self._clock.now()
        while now >= account.ends_at or (not account.left and account.quota is not None and account.quota.remaining):
            await self._renewed(account)
            now = self._clock.now()
        quota = account.quota
        if quota is None:
            return None
        seconds = max(0, math.ceil((quota.ends_at - now).total_seconds()))
        if not account.left:
            return Standing(admitted=False, limit=quota.limit, remaining=0, seconds=seconds)
        account.left -= 1
        return Standing(admitted=True, limit=quota.limit, remaining=quota.remaining + account.left, seconds=seconds)

    def _open(self, key_id: str) -> _Account:
        if len(self._accounts) >= self._most_keys:
            del self._accounts[next(iter(self._accounts))]
        return self._accounts.setdefault(key_id, _Account(UUID(key_id)))

    async def _renewed(self, account: _Account) -> None:
        """Wait for the account's next lease; all requests that need it wait for the same one."""
        if account.renewal is None:
            account.renewal = asyncio.create_task(self._renew(account))
        done, _ = await asyncio.wait({account.renewal}, timeout=self._patience)
        if not done:
            self._let_through(account, "the store is busy")

    async def _renew(self, account: _Account) -> None:
        try:
            async with self._store.write() as tx:
                usage = await tx.access.usage(account.key_id, lock=True)
                now = self._clock.now()
                returned = give_back(usage, account.charged, account.left)
                charged, granted, quota = take_lease(returned, self.limits, now)
                await tx.access.save_usage(account.key_id, charged, now)
        except Exception as error:  # noqa: BLE001  # whatever kept the store from counting
            # The first line alone: drivers add the statement and its values in those that follow.
            self._let_through(account, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
        else:
            account.left, account.quota, account.charged = granted, quota, charged
            account.ends_at = min([now + MINUTE, *(window.start + length for length, window in charged.items())])
            self._tell(None)
        finally:
            account.renewal = None

    def _let_through(self, account: _Account, cause: str) -> None:
        """Go on uncounted: a limit protects the service, and should not be what takes it down with its store."""
        account.left, account.quota, account.charged = sys.maxsize, None, {}
        account.ends_at = self._clock.now() + _PAUSE
        self._tell(cause)

    def _tell(self, cause: str | None) -> None:
        """Say in the log when counting stops and when it goes on, not at each request."""
        is_counting = cause is None
        if self._is_counting and not is_counting:
            _LOG.warning("Requests of API keys are let through without being counted: %s", cause)
        elif is_counting and not self._is_counting:
            _LOG.warning("Requests of API keys are counted again.")
        self._is_counting = is_counting
