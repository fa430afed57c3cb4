"""Who may do what: organizations, their projects, and API keys, made once, shown once and kept only as a hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

KEY_MARK = "phx_"
"""What every key begins with, so that scanners of leaked secrets know it."""
PREFIX_LENGTH = len(KEY_MARK) + 8
"""How much of a key is kept readable: enough to find it, far too little to guess the rest."""

READ_SCOPE = "batch_export:read"
WRITE_SCOPE = "batch_export:write"
SCOPES = (READ_SCOPE, WRITE_SCOPE)


@dataclass(frozen=True, slots=True)
class Organization:
    """Whose projects they are."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """Whose events exports carry."""

    id: int
    organization_id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's rights: what it may do (`scopes`), in which projects of its organization (None: all), until when.

    A key that was rotated names the one that replaces it.
    """

    id: UUID
    organization_id: UUID
    project_ids: frozenset[int] | None
    scopes: frozenset[str]
    prefix: str
    hash: str = field(repr=False)
    label: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: UUID | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether the key still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def matches(self, key: str) -> bool:
        """Whether this is the record of a key; takes the same time whatever the answer."""
        return hmac.compare_digest(self.hash, hash_key(key))


def new_key() -> str:
    """A fresh key of 256 random bits."""
    return KEY_MARK + secrets.token_urlsafe(32)


def key_prefix(key: str) -> str:
    """The part of a key by which its record is found."""
    return key[:PREFIX_LENGTH]


def hash_key(key: str) -> str:
    """The SHA-256 of a key, hexadecimal; enough for 256 random bits, which no dictionary holds."""
    return hashlib.sha256(key.encode()).hexdigest()
