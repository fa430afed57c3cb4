"""Use cases of organizations, projects and API keys; the operator's, on the command line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.domain.activity import OPERATOR, ActivityKind, Actor, first_values, key_changes
from batch_exports.domain.errors import Invalid, NotFound
from batch_exports.domain.keys import SCOPES, ApiKey, Organization, Project, hash_key, key_prefix, new_key
from batch_exports.ports import Clock, IdFactory, Store, Transaction
from batch_exports.services import keyring
from batch_exports.services.journal import Journal

FIRST_ORGANIZATION = "Default"
"""What the organization is called that is made along with the first project."""

_LONGEST_NAME = 255

IssuedKey = tuple[str, ApiKey]
"""A new key, which can be read only now, and its record."""


@dataclass(frozen=True, slots=True)
class AccessService:
    """Makes organizations, projects, and keys that open them."""

    store: Store
    clock: Clock
    new_id: IdFactory
    journal: Journal
    operator: Actor = OPERATOR

    async def create_organization(self, name: str) -> Organization:
        """Make an organization; raises Invalid for a name that nobody could read."""
        _check_name("An organization", name)
        async with self.store.write() as tx:
            return await self._add_organization(tx, name)

    async def organizations(self) -> Sequence[Organization]:
        """All organizations, by name."""
        async with self.store.read() as tx:
            return await tx.access.organizations()

    async def create_project(self, name: str, organization_id: UUID | None = None) -> Project:
        """Make a project, in the only organization if none is named; raises Invalid or NotFound."""
        _check_name("A project", name)
        async with self.store.write() as tx:
            organization = await self._organization(tx, organization_id)
            project = await tx.access.add_project(name, organization.id)
            fields = first_values(name=name, organization_id=str(organization.id))
            await self._note(tx, ActivityKind.PROJECT_CREATED, project_id=project.id, changes=fields)
        return project

    async def projects(self) -> Sequence[Project]:
        """All projects, by id."""
        async with self.store.read() as tx:
            return await tx.access.projects()

    async def has_project(self, project_id: int) -> bool:
        """Whether a project exists."""
        async with self.store.read() as tx:
            return await tx.access.project(project_id) is not None

    async def create_key(
        self,
        project_ids: Collection[int],
        scopes: Collection[str],
        label: str,
        *,
        organization_id: UUID | None = None,
        expires_at: datetime | None = None,
    ) -> IssuedKey:
        """Make a key for these projects of one organization, or for all projects of a named one.

        Raises NotFound or Invalid.
        """
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise Invalid(f"Unknown scope {', '.join(unknown) or '(none)'}; choose from {', '.join(SCOPES)}.")
        if not label.isprintable() or len(label) > _LONGEST_NAME:
            raise Invalid(f"A label is one line of readable text, of at most {_LONGEST_NAME} characters.")
        self._check_end(expires_at)
        async with self.store.write() as tx:
            owner = await self._owner(tx, project_ids, organization_id)
            issued = self._issue(owner, frozenset(project_ids) or None, frozenset(scopes), label, expires_at)
            await tx.access.add_key(issued[1])
            await self._note_key(tx, ActivityKind.KEY_CREATED, None, issued[1])
        return issued

    async def keys(self, project_id: int | None = None) -> tuple[Sequence[ApiKey], Mapping[UUID, datetime]]:
        """All keys (that open a project, if given), oldest first, and when each was last used; raises NotFound."""
        async with self.store.read() as tx:
            used = await tx.access.last_used()
            if project_id is None:
                return await tx.access.keys(), used
            found = await tx.access.keys((await _project(tx, project_id)).organization_id)
        return [key for key in found if key.project_ids is None or project_id in key.project_ids], used

    async def rotate_key(self, reference: str, grace: timedelta, *, expires_at: datetime | None = None) -> IssuedKey:
        """Make a key with the rights of another, which goes on for a while; raises NotFound or Invalid.

        The new key ends when the old one would have, unless told otherwise.
        """
        self._check_end(expires_at)
        async with self.store.write() as tx:
            old = await keyring.find_key(tx, reference)
            now = self.clock.now()
            keyring.check_rotation(old, now)
            issued = self._issue(
                old.organization_id, old.project_ids, old.scopes, old.label, expires_at or old.expires_at
            )
            last = min(now + grace, old.expires_at or now + grace)
            replaced = replace(old, expires_at=last, replaced_by=issued[1].id)
            await tx.access.add_key(issued[1])
            await tx.access.save_key(replaced)
            await self._note_key(tx, ActivityKind.KEY_CREATED, None, issued[1])
            await self._note_key(tx, ActivityKind.KEY_ROTATED, old, replaced)
        return issued

    async def revoke_key(self, reference: str) -> ApiKey:
        """End a key at once; one that has been revoked stays as it is. Raises NotFound or Invalid."""
        async with self.store.write() as tx:
            key = await keyring.find_key(tx, reference)
            if key.revoked_at is not None:
                return key
            revoked = replace(key, revoked_at=self.clock.now())
            await tx.access.save_key(revoked)
            await self._note_key(tx, ActivityKind.KEY_REVOKED, key, revoked)
        return revoked

    async def find_key(self, token: str) -> tuple[ApiKey, frozenset[int]] | None:
        """The record of a key that is valid now, and the projects that it opens."""
        async with self.store.look() as tx:
            for key in await tx.access.find_keys(key_prefix(token)):
                if key.matches(token) and key.is_valid(self.clock.now()):
                    return key, await keyring.opened_by(tx, key)
        return None

    async def _add_organization(self, tx: Transaction, name: str) -> Organization:
        organization = Organization(self.new_id(), name)
        await tx.access.add_organization(organization)
        fields = first_values(organization_id=str(organization.id), name=name)
        await self._note(tx, ActivityKind.ORGANIZATION_CREATED, changes=fields)
        return organization

    async def _organization(self, tx: Transaction, organization_id: UUID | None) -> Organization:
        known = await tx.access.organizations()
        if organization_id is None and not known:
            return await self._add_organization(tx, FIRST_ORGANIZATION)
        if organization_id is None and len(known) > 1:
            raise Invalid("There are several organizations: name one, as `organizations list` shows them.")
        for organization in known:
            if organization_id in (None, organization.id):
                return organization
        raise NotFound(f"There is no organization {organization_id}.")

    async def _owner(self, tx: Transaction, project_ids: Collection[int], organization_id: UUID | None) -> UUID:
        if not project_ids:
            if organization_id is None:
                raise Invalid("A key needs a project, or an organization.")
            return (await self._organization(tx, organization_id)).id
        owners = {(await _project(tx, project_id)).organization_id for project_id in sorted(project_ids)}
        if len(owners) > 1 or organization_id not in (None, *owners):
            raise Invalid("A key opens projects of one organization only.")
        return owners.pop()

    def _issue(
        self,
        organization_id: UUID,
        project_ids: frozenset[int] | None,
        scopes: frozenset[str],
        label: str,
        expires_at: datetime | None,
    ) -> IssuedKey:
        key = new_key()
        return key, ApiKey(
            id=self.new_id(),
            organization_id=organization_id,
            project_ids=project_ids,
            scopes=scopes,
            prefix=key_prefix(key),
            hash=hash_key(key),
            label=label,
            created_at=self.clock.now(),
            expires_at=expires_at,
        )

    async def _note_key(self, tx: Transaction, kind: ActivityKind, before: ApiKey | None, after: ApiKey) -> None:
        only = next(iter(after.project_ids)) if after.project_ids and len(after.project_ids) == 1 else None
        await self._note(tx, kind, key_id=after.id, project_id=only, changes=key_changes(before, after))

    async def _note(self, tx: Transaction, kind: ActivityKind, **about: Any) -> None:
        await self.journal.note(tx, self.operator, kind, **about)

    def _check_end(self, expires_at: datetime | None) -> None:
        if expires_at is not None and expires_at <= self.clock.now():
            raise Invalid("The key would have expired already.")


async def _project(tx: Transaction, project_id: int) -> Project:
    project = await tx.access.project(project_id)
    if project is None:
        raise NotFound(f"There is no project {project_id}.")
    return project


def _check_name(what: str, name: str) -> None:
    # Bytes of the command line that are no text, line breaks and control characters are not printable.
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise Invalid(f"{what} needs a name: one line of readable text, of at most {_LONGEST_NAME} characters.")
