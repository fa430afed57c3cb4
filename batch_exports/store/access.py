"""Organizations, projects and API keys in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.keys import ApiKey, Organization, Project
from batch_exports.domain.throttles import Usage
from batch_exports.store.dialects import insert_or_update
from batch_exports.store.prepared import Prepared
from batch_exports.store.records import key_of, key_row, usage_json, usage_of
from batch_exports.store.tables import api_keys, key_usage, organizations, projects

_UNKNOWN_PREFIX = ""


class SqlAccessRepository:
    """Organizations, their projects, the keys that open them, and what the keys have used."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_organization(self, organization: Organization) -> None:
        """Keep a new organization."""
        await self._connection.execute(insert(organizations).values(id=organization.id, name=organization.name))

    async def organizations(self) -> Sequence[Organization]:
        """All organizations, by name."""
        ordered = select(organizations.c.id, organizations.c.name).order_by(organizations.c.name, organizations.c.id)
        return [Organization(*row) for row in await self._connection.execute(ordered)]

    async def add_project(self, name: str, organization_id: UUID) -> Project:
        """Make a project; the database numbers it."""
        new = insert(projects).values(name=name, organization_id=organization_id).returning(projects.c.id)
        return Project(int((await self._connection.execute(new)).scalar_one()), organization_id, name)

    async def projects(self, organization_id: UUID | None = None) -> Sequence[Project]:
        """All projects (of an organization, if given), by id."""
        statement = _all_projects.order_by(projects.c.id)
        if organization_id is not None:
            statement = statement.where(projects.c.organization_id == organization_id)
        return [Project(*row) for row in await self._connection.execute(statement)]

    async def project(self, project_id: int, *, lock: bool = False) -> Project | None:
        """One project; with `lock`, others who ask so wait until this transaction ends."""
        statement = _all_projects.where(projects.c.id == project_id)
        if lock:
            # Rows that refer to it may be added meanwhile.
            statement = statement.with_for_update(key_share=True)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else Project(*row)

    async def add_key(self, key: ApiKey) -> None:
        """Keep a new key (its hash)."""
        await self._connection.execute(insert(api_keys), key_row(key))

    async def save_key(self, key: ApiKey) -> None:
        """Replace a key that exists."""
        await self._connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(**key_row(key)))

    async def keys(self, organization_id: UUID | None = None) -> Sequence[ApiKey]:
        """All keys (of an organization, if given), oldest first."""
        statement = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        if organization_id is not None:
            statement = statement.where(api_keys.c.organization_id == organization_id)
        return [key_of(row) for row in (await self._connection.execute(statement)).mappings()]

    async def find_keys(self, prefix: str) -> Sequence[ApiKey]:
        """The keys with this prefix, and those whose prefix is not known."""
        found = await _by_prefix.rows(self._connection, {"prefix": prefix})
        return [key_of(dict(zip(_by_prefix.names, row, strict=True))) for row in found]

    async def usage(self, key_id: UUID, *, lock: bool = False) -> Usage:
        """What a key has used; with `lock`, nobody else may change it until this transaction ends."""
        if lock:
            # The key, since there is no row of its usage yet when it is used for the first time.
            await self._connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id).with_for_update())
        windows = await self._connection.scalar(select(key_usage.c.windows).where(key_usage.c.key_id == key_id))
        return usage_of(windows or [])

    async def save_usage(self, key_id: UUID, usage: Usage, at: datetime) -> None:
        """Replace what a key has used, last at this moment."""
        values = {"last_used_at": at, "windows": usage_json(usage)}
        await self._connection.execute(insert_or_update(self._connection, key_usage, {"key_id": key_id}, values))

    async def last_used(self) -> Mapping[UUID, datetime]:
        """When each key was last used, as far as it was."""
        rows = await self._connection.execute(select(key_usage.c.key_id, key_usage.c.last_used_at))
        return {row.key_id: row.last_used_at for row in rows}


_by_prefix = Prepared(
    select(api_keys).where(or_(api_keys.c.prefix == bindparam("prefix"), api_keys.c.prefix == _UNKNOWN_PREFIX))
)
_all_projects = select(projects.c.id, projects.c.organization_id, projects.c.name)
