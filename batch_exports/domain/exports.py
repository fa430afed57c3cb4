"""A batch export: which data goes where, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from batch_exports.domain.destinations import leaves, merged
from batch_exports.domain.errors import PermanentFailure
from batch_exports.domain.schedules import Schedule


class Model(StrEnum):
    """Which data an export carries."""

    EVENTS = "events"
    PERSONS = "persons"
    SESSIONS = "sessions"


class PausedReason(StrEnum):
    """Why an export is paused."""

    REQUEST = "request"
    FAILURES = "failures"
    """Too many of its latest runs failed."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where rows go; `secrets` are the config's credentials, kept apart so that nothing prints them."""

    type: str
    config: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unreadable: tuple[str, ...] = ()
    """Credentials that are kept, but do not open with the encryption keys at hand, as `secret_names` names them."""

    @property
    def full_config(self) -> dict[str, Any]:
        """The config with its credentials, for writers and validation only; raises PermanentFailure without them."""
        if self.unreadable:
            raise PermanentFailure(
                "The credentials of this export cannot be decrypted with the encryption keys of the service. Give the "
                "export its credentials again, or ask the operator to start the service with the key that they were "
                "stored under."
            )
        return merged(self.config, self.secrets)

    @property
    def secret_names(self) -> list[str]:
        """The credentials that it has, by their keys, with `__` between the levels."""
        return sorted((*leaves("", self.secrets, "__"), *self.unreadable))


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One batch export of one project."""

    id: UUID
    project_id: int
    name: str
    model: Model
    destination: Destination
    schedule: Schedule
    paused: bool
    created_at: datetime
    last_updated_at: datetime
    last_paused_at: datetime | None = None
    paused_reason: PausedReason | None = None
    last_unpaused_at: datetime | None = None
    version: int = 1
    """Counts the changes of what its user sets."""
    next_start_at: datetime | None = None
    """Up to here the schedule has exported or passed over everything: its next run begins here, or with its window."""
    next_at: datetime | None = None
    """When the next scheduled run starts; None when the schedule's window is over."""
    filters: tuple[Mapping[str, Any], ...] | None = None
