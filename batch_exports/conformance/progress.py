"""What a run tells while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    part: str
    requests: int
    waiting: float = 0.0
    """For how many seconds an answer of 429 has just made it wait."""


Tell = Callable[[Progress], None]


def untold(_: Progress) -> None:
    """For runs that nobody watches."""
