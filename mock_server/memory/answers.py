"""Answers to requests that may be repeated, in memory."""

from datetime import datetime

from batch_exports.ports import KeptAnswer
from mock_server.memory.session import Session


class MemoryAnswers:
    """Answers by the principal and the key of their request; writers take turns, so that no claim waits."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def claim(self, request: KeptAnswer) -> KeptAnswer | None:
        """Keep a request without its answer; if its principal used the key before, that one instead."""
        known = self._session.tables.answers.get((request.principal_id, request.key))
        if known is None:
            await self.keep(request)
        return known

    async def keep(self, request: KeptAnswer) -> None:
        """Keep the answer to a request that was claimed."""
        tables = self._session.draft()
        tables.answers = tables.answers.insert((request.principal_id, request.key), request)

    async def forget(self, before: datetime) -> None:
        """Forget what was kept before a moment."""
        tables = self._session.draft()
        for place, kept in list(tables.answers.items()):
            if kept.created_at < before:
                tables.answers = tables.answers.remove(place)
