"""Organizations, projects and keys in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from batch_exports.domain.keys import ApiKey, Organization, Project
from batch_exports.domain.throttles import Usage
from mock_server.memory.session import Session
from mock_server.memory.tables import add_to


class MemoryAccess:
    """Projects by number, keys by their id and their prefix."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add_organization(self, organization: Organization) -> None:
        """Keep a new organization."""
        tables = self._session.draft()
        tables.organizations = tables.organizations.insert(organization.id, organization)

    async def organizations(self) -> Sequence[Organization]:
        """All organizations, by name."""
        return sorted(self._session.tables.organizations.values(), key=lambda each: (each.name, each.id))

    async def add_project(self, name: str, organization_id: UUID) -> Project:
        """Make a project, with the next number."""
        tables = self._session.draft()
        project = Project(len(tables.projects) + 1, organization_id, name)
        tables.projects = tables.projects.insert(project.id, project)
        return project

    async def projects(self, organization_id: UUID | None = None) -> Sequence[Project]:
        """All projects (of an organization, if given), by id."""
        every = sorted(self._session.tables.projects.values(), key=lambda project: project.id)
        return [project for project in every if organization_id in (None, project.organization_id)]

    async def project(self, project_id: int, *, lock: bool = False) -> Project | None:  # noqa: ARG002  # as in `usage`
        """One project."""
        return self._session.tables.projects.get(project_id)

    async def add_key(self, key: ApiKey) -> None:
        """Keep a new key (its hash)."""
        tables = self._session.draft()
        tables.keys = tables.keys.insert(key.id, key)
        tables.keys_of_prefix = add_to(tables.keys_of_prefix, key.prefix, (key.created_at, key.id))

    async def save_key(self, key: ApiKey) -> None:
        """Replace a key that exists."""
        tables = self._session.draft()
        tables.keys = tables.keys.insert(key.id, key)

    async def keys(self, organization_id: UUID | None = None) -> Sequence[ApiKey]:
        """All keys (of an organization, if given), oldest first."""
        every = sorted(self._session.tables.keys.values(), key=lambda key: (key.created_at, key.id))
        return [key for key in every if organization_id in (None, key.organization_id)]

    async def find_keys(self, prefix: str) -> Sequence[ApiKey]:
        """The keys with this prefix: one, or by a rare chance several."""
        tables = self._session.tables
        index = tables.keys_of_prefix.get(prefix)
        return [] if index is None else [tables.keys[key_id] for _, key_id in index.descending()]

    async def usage(self, key_id: UUID, *, lock: bool = False) -> Usage:  # noqa: ARG002  # writers take turns anyway
        """What a key has used."""
        found = self._session.tables.key_usage.get(key_id)
        return {} if found is None else found[0]

    async def save_usage(self, key_id: UUID, usage: Usage, at: datetime) -> None:
        """Replace what a key has used, last at this moment."""
        tables = self._session.draft()
        tables.key_usage = tables.key_usage.insert(key_id, (dict(usage), at))

    async def last_used(self) -> Mapping[UUID, datetime]:
        """When each key was last used, as far as it was."""
        return {key_id: at for key_id, (_, at) in self._session.tables.key_usage.items()}
