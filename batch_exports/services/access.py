"""Use cases of projects and API keys; the operator's, on the command line."""

from collections.abc import Collection
from dataclasses import dataclass

from batch_exports.domain.errors import Invalid, NotFound
from batch_exports.domain.keys import SCOPES, ApiKey, hash_key, new_key
from batch_exports.ports import Clock, IdFactory, Store


@dataclass(frozen=True, slots=True)
class AccessService:
    """Makes projects, and keys that open them."""

    store: Store
    clock: Clock
    new_id: IdFactory

    async def create_project(self, name: str) -> int:
        """Make a project; its id. Raises Invalid for a blank name."""
        if not name.strip():
            raise Invalid("A project needs a name.")
        async with self.store.write() as tx:
            return await tx.access.add_project(name)

    async def has_project(self, project_id: int) -> bool:
        """Whether a project exists."""
        async with self.store.read() as tx:
            return await tx.access.has_project(project_id)

    async def knows_key(self, key: str) -> bool:
        """Whether a key is valid."""
        async with self.store.read() as tx:
            return await tx.access.find_key(hash_key(key)) is not None

    async def create_key(self, project_id: int, scopes: Collection[str], label: str) -> str:
        """Make a key and return it, the only time that it can be read. Raises NotFound or Invalid."""
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise Invalid(f"Unknown scope {', '.join(unknown) or '(none)'}; choose from {', '.join(SCOPES)}.")
        key = new_key()
        record = ApiKey(
            id=self.new_id(),
            project_id=project_id,
            scopes=frozenset(scopes),
            hash=hash_key(key),
            label=label,
            created_at=self.clock.now(),
        )
        async with self.store.write() as tx:
            if not await tx.access.has_project(project_id):
                raise NotFound(f"There is no project {project_id}.")
            await tx.access.add_key(record)
        return key
