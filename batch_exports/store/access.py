"""Projects and API keys in the database."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.keys import ApiKey
from batch_exports.store.records import key_of, key_row
from batch_exports.store.tables import api_keys, projects


class SqlAccessRepository:
    """Projects and the keys that open them."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_project(self, name: str) -> int:
        """Make a project; its id."""
        result = await self._connection.execute(insert(projects).values(name=name).returning(projects.c.id))
        return int(result.scalar_one())

    async def has_project(self, project_id: int) -> bool:
        """Whether a project exists."""
        return await self._connection.scalar(select(projects.c.id).where(projects.c.id == project_id)) is not None

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key (its hash)."""
        await self._connection.execute(insert(api_keys), key_row(key))

    async def find_key(self, key_hash: str) -> ApiKey | None:
        """The key with this hash."""
        row = (await self._connection.execute(select(api_keys).where(api_keys.c.hash == key_hash))).mappings().first()
        return None if row is None else key_of(row)
