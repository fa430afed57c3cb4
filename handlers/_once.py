"""Requests that make something, which may carry an idempotency key so that repeating them makes nothing twice."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from batch_exports.contract.context import Context
from batch_exports.ports import Transaction
from batch_exports.services.idempotency import IdempotencyService, Repeatable

Answer = tuple[dict[str, Any], int, dict[str, str]]
"""A body, its status, and headers."""
Make = Callable[[Transaction], Awaitable[Answer]]


async def answer_once(ctx: Context, once: IdempotencyService, key: str | None, asked: Any, make: Make) -> Answer:
    """The answer of `make`, or the one that an earlier request with the same key got.

    `asked` is what the request is about: the objects that its path names, and its body.
    """
    if key is None:
        return await once.carry_out(make)

    async def make_text(tx: Transaction) -> str:
        return orjson.dumps(await make(tx), option=orjson.OPT_UTC_Z).decode()

    request = Repeatable(ctx.principal.id, key, _fingerprint(ctx, asked))
    text, replayed = await once.answer(request, make_text)
    content, status, headers = orjson.loads(text)
    return content, status, headers | ({"Idempotent-Replayed": "true"} if replayed else {})


def _fingerprint(ctx: Context, asked: Any) -> str:
    """What identifies a request, however its body is written, and tells nothing of the secrets in it."""
    request = [ctx.operation_id, ctx.project_id, asked]
    return ctx.digest(orjson.dumps(request, option=orjson.OPT_SORT_KEYS))
