"""When it is, and what things are called."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class IdFactory(Protocol):
    """Makes identifiers."""

    def __call__(self) -> UUID:
        """A new identifier, later than all before it (UUID version 7)."""
        ...
