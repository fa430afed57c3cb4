"""States of a world that are kept, and come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mock_server.templates import Origin
from mock_server.world import World

MOST_SNAPSHOTS = 100
"""How many a world may have."""


class TooManySnapshotsError(Exception):
    """A world has no room for another snapshot."""

    def __init__(self) -> None:
        super().__init__(
            f"A world may have {MOST_SNAPSHOTS} snapshots: forget some (DELETE /__mock/snapshots/NAME), or take this "
            "one under a name that there is."
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world whose time stands still, what it began with, and how its time passed."""

    world: World
    origin: Origin
    rate: float

    @property
    def at(self) -> datetime:
        """When it was taken, by the world's clock."""
        return self.world.clock.now()

    def awake(self) -> World:
        """A world that goes on from here, as often as it is asked for."""
        world = self.world.fork()
        world.clock.run(self.rate)
        return world


async def take_snapshot(world: World, origin: Origin) -> Snapshot:
    """The state of a world, caught up with its clock; it costs nothing."""
    await world.settle()
    kept = world.fork()
    kept.clock.stop()
    return Snapshot(kept, origin, world.clock.rate)


class Snapshots:
    """The snapshots of one world by name, oldest first."""

    def __init__(self) -> None:
        self._named: dict[str, Snapshot] = {}

    def __iter__(self) -> Iterator[tuple[str, Snapshot]]:
        """Names and snapshots, oldest first."""
        return iter(list(self._named.items()))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._named)

    def get(self, name: str) -> Snapshot | None:
        """The snapshot of a name."""
        return self._named.get(name)

    def require_room(self, name: str) -> None:
        """Raise TooManySnapshotsError if there is no room for a snapshot of this name."""
        if name not in self._named and len(self._named) >= MOST_SNAPSHOTS:
            raise TooManySnapshotsError

    def keep(self, name: str, snapshot: Snapshot) -> None:
        """Keep a snapshot, instead of one of the same name; raises TooManySnapshotsError."""
        self.require_room(name)
        self._named.pop(name, None)
        self._named[name] = snapshot

    def drop(self, name: str) -> bool:
        """Forget a snapshot; whether there was one."""
        return self._named.pop(name, None) is not None
