"""Who acts in a program, and the API keys that they act with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who sends a request."""

    MAIN = "main"
    OTHER = "other"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class ModelKeys:
    """The API keys of a program; without the optional ones, what they would show is left unchecked."""

    main: str = field(repr=False)
    """May read and write one project."""
    other_tenant: str | None = field(default=None, repr=False)
    """May read and write another project."""
    read_only: str | None = field(default=None, repr=False)
    """May read the project of the main key."""

    def by_role(self) -> Mapping[Role, str]:
        """The keys that are there."""
        keys = {Role.MAIN: self.main, Role.OTHER: self.other_tenant, Role.READER: self.read_only}
        return {role: key for role, key in keys.items() if key is not None}
