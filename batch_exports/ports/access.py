"""Where is kept who may do what, who did what, and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from batch_exports.domain.activity import Activity
from batch_exports.domain.keys import ApiKey, Organization, Project
from batch_exports.domain.throttles import Usage
from batch_exports.ports.queries import ActivityQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a request with an idempotency key was, as a fingerprint, and how it was answered (JSON text)."""

    principal_id: str
    key: str
    fingerprint: str
    created_at: datetime
    answer: str = ""


class ActivityRepository(Protocol):
    """The audit log; append only."""

    async def add(self, entry: Activity) -> None:
        """Append an entry."""
        ...

    async def page(self, query: ActivityQuery) -> Sequence[Activity]:
        """The entries of one page, newest first (reversed when it reads backwards)."""
        ...


class AnswerRepository(Protocol):
    """Answers to requests that may be repeated."""

    async def claim(self, request: KeptAnswer) -> KeptAnswer | None:
        """Keep a request without its answer; if its principal used the key before, that one instead.

        Of two transactions that claim one key, the second waits for the end of the first.
        """
        ...

    async def keep(self, request: KeptAnswer) -> None:
        """Keep the answer to a request that was claimed."""
        ...

    async def forget(self, before: datetime) -> None:
        """Forget what was kept before a moment."""
        ...


class AccessRepository(Protocol):
    """Organizations, their projects, the keys that open them, and what the keys have used."""

    async def add_organization(self, organization: Organization) -> None:
        """Keep a new organization."""
        ...

    async def organizations(self) -> Sequence[Organization]:
        """All organizations, by name."""
        ...

    async def add_project(self, name: str, organization_id: UUID) -> Project:
        """Make a project; the store numbers it."""
        ...

    async def projects(self, organization_id: UUID | None = None) -> Sequence[Project]:
        """All projects (of an organization, if given), by id."""
        ...

    async def project(self, project_id: int, *, lock: bool = False) -> Project | None:
        """One project; with `lock`, others who ask so wait until this transaction ends."""
        ...

    async def add_key(self, key: ApiKey) -> None:
        """Keep a new key (its hash)."""
        ...

    async def save_key(self, key: ApiKey) -> None:
        """Replace a key that exists."""
        ...

    async def keys(self, organization_id: UUID | None = None) -> Sequence[ApiKey]:
        """All keys (of an organization, if given), oldest first."""
        ...

    async def find_keys(self, prefix: str) -> Sequence[ApiKey]:
        """The keys with this prefix: one, or by a rare chance several."""
        ...

    async def usage(self, key_id: UUID, *, lock: bool = False) -> Usage:
        """What a key has used; with `lock`, nobody else may change it until this transaction ends."""
        ...

    async def save_usage(self, key_id: UUID, usage: Usage, at: datetime) -> None:
        """Replace what a key has used, last at this moment."""
        ...

    async def last_used(self) -> Mapping[UUID, datetime]:
        """When each key was last used, as far as it was."""
        ...
