"""Answers to requests that may be repeated, in the database."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.ports import KeptAnswer
from batch_exports.store.dialects import insert_or_ignore
from batch_exports.store.tables import answers


class SqlAnswerRepository:
    """Answers by the principal and the key of their request."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, request: KeptAnswer) -> KeptAnswer | None:
        """Keep a request without its answer; if its principal used the key before, that one instead."""
        # Locked, so that of two who find an answer too old one renews it, and the other waits for the new one.
        find = select(answers).where(_is(request)).with_for_update()
        while True:
            # Inserting comes first: it waits for a transaction that has claimed the key and not ended yet.
            new = await self._connection.execute(insert_or_ignore(self._connection, answers, asdict(request)))
            if new.first() is not None:
                return None
            row = (await self._connection.execute(find)).mappings().first()
            # None when it was forgotten in between: then the key is free.
            if row is not None:
                return KeptAnswer(**row)

    async def keep(self, request: KeptAnswer) -> None:
        """Keep the answer to a request that was claimed."""
        await self._connection.execute(update(answers).where(_is(request)).values(**asdict(request)))

    async def forget(self, before: datetime) -> None:
        """Forget what was kept before a moment."""
        await self._connection.execute(delete(answers).where(answers.c.created_at < before))


def _is(request: KeptAnswer) -> ColumnElement[bool]:
    return and_(answers.c.principal_id == request.principal_id, answers.c.key == request.key)
