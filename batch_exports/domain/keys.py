"""API keys: made once, shown once, kept only as a hash."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

KEY_PREFIX = "phx_"

READ_SCOPE = "batch_export:read"
WRITE_SCOPE = "batch_export:write"
SCOPES = (READ_SCOPE, WRITE_SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's rights: what it may do (`scopes`) in which project."""

    id: UUID
    project_id: int
    scopes: frozenset[str]
    hash: str = field(repr=False)
    label: str
    created_at: datetime


def new_key() -> str:
    """A fresh key of 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """The SHA-256 of a key, hexadecimal; enough for 256 random bits, which no dictionary holds."""
    return hashlib.sha256(key.encode()).hexdigest()
