"""Worlds for the use cases of access: over the mock's store and over a database, with a clock that is set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from batch_exports.auth import KeyAuthenticator
from batch_exports.domain.identifiers import uuid7
from batch_exports.ports import ActivityQuery, Store
from batch_exports.services.access import AccessService
from batch_exports.services.journal import Journal
from mock_server.memory.store import MemoryStore
from tests.services.worlds import HandClock
from tests.store.databases import new_store

STORES = ("memory", "sqlite")


class AccessWorld:
    """Organizations, projects and keys in a store, and the door that they open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = HandClock()
        self.access = AccessService(store, self.clock, uuid7, Journal(self.clock, uuid7))
        self.authenticate = KeyAuthenticator(self.access)

    async def opens(self, key):
        """The projects that a key opens now; None when it opens nothing at all."""
        principal = await self.authenticate(key)
        return None if principal is None else principal.project_ids

    async def activity(self):
        """All that the audit log tells, oldest first."""
        async with self.store.read() as tx:
            return list(reversed(await tx.activity.page(ActivityQuery(limit=1000))))


@asynccontextmanager
async def access_world(kind: str) -> AsyncIterator[AccessWorld]:
    """A world over an empty store of this kind."""
    if kind == "memory":
        yield AccessWorld(MemoryStore())
        return
    with TemporaryDirectory() as folder:
        async with new_store(Path(folder) / "store.db") as store:
            yield AccessWorld(store)
