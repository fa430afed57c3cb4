"""Requests that may be repeated: the first one is carried out, the others are answered as it was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from batch_exports.domain.errors import Conflict
from batch_exports.ports import Clock, KeptAnswer, Store, Transaction

T = TypeVar("T")

KEPT_FOR = timedelta(days=1)
"""How long an answer is kept."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request with an idempotency key: whose it is, the key, and a fingerprint of all that it asks for."""

    principal_id: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class IdempotencyService:
    """Carries out what makes something, once per idempotency key."""

    store: Store
    clock: Clock

    async def carry_out(self, make: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `make` returns, in a transaction of its own: for a request without a key."""
        async with self.store.write() as tx:
            return await make(tx)

    async def answer(self, request: Repeatable, make: Callable[[Transaction], Awaitable[str]]) -> tuple[str, bool]:
        """The answer of `make`, or the kept one, and whether it is a kept one; raises Conflict for a reused key.

        `make` works in the transaction that keeps its answer, so that both are there or neither.
        """
        async with self.store.write() as tx:
            claim = KeptAnswer(
                principal_id=request.principal_id,
                key=request.key,
                fingerprint=request.fingerprint,
                created_at=self.clock.now(),
            )
            kept = await tx.answers.claim(claim)
            if kept is not None and kept.created_at <= claim.created_at - KEPT_FOR:
                kept = None
            if kept is None:
                answer = await make(tx)
                await tx.answers.keep(replace(claim, answer=answer))
                return answer, False
        if kept.fingerprint != request.fingerprint:
            raise Conflict(
                "The Idempotency-Key was used for another request before. Send the same request again, or another key.",
                code="idempotency_key_reused",
            )
        return kept.answer, True

    async def forget_old(self) -> None:
        """Forget the answers that need not be kept any longer."""
        async with self.store.write() as tx:
            await tx.answers.forget(self.clock.now() - KEPT_FOR)
