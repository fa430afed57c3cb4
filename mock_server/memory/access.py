"""Projects and keys in memory."""

from batch_exports.domain.keys import ApiKey
from mock_server.memory.session import Session


class MemoryAccess:
    """Projects by number, keys by their hash."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add_project(self, name: str) -> int:
        """Make a project; its id."""
        tables = self._session.draft()
        project_id = len(tables.projects) + 1
        tables.projects = tables.projects.insert(project_id, name)
        return project_id

    async def has_project(self, project_id: int) -> bool:
        """Whether a project exists."""
        return project_id in self._session.tables.projects

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key (its hash)."""
        tables = self._session.draft()
        tables.keys = tables.keys.insert(key.hash, key)

    async def find_key(self, key_hash: str) -> ApiKey | None:
        """The key with this hash."""
        return self._session.tables.keys.get(key_hash)
