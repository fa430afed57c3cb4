"""Worlds by name: each is made when it is first named, and forgotten when nobody has asked for it for long."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from batch_exports.contract.errors import ApiError
from mock_server.clock import Monotonic
from mock_server.journal.journal import Journal
from mock_server.snapshots import Snapshots
from mock_server.templates import Origin, Templates
from mock_server.world import World


@dataclass(slots=True)
class Sandbox:
    """One named world, and what outlives its resets."""

    name: str
    origin: Origin
    world: World
    used_at: float
    journal: Journal = field(default_factory=Journal)
    snapshots: Snapshots = field(default_factory=Snapshots)
    requests: int = 0


class Sandboxes:
    """The worlds of one mock."""

    def __init__(
        self,
        templates: Templates,
        origin: Origin,
        *,
        most: int,
        seconds: float,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """`most` worlds at a time, each forgotten after so many `seconds` in which nobody asked for it."""
        self.templates = templates
        self.origin = origin
        self._most = most
        self._seconds = seconds
        self._monotonic = monotonic
        self._named: dict[str, Sandbox] = {}

    def __iter__(self) -> Iterator[Sandbox]:
        """The worlds, oldest first."""
        return iter(list(self._named.values()))

    def find(self, name: str) -> Sandbox | None:
        """A world that has been made."""
        return self._named.get(name)

    def use(self, name: str, scenario: str | None = None) -> Sandbox:
        """The world of a name, made if there is none; `scenario` is what one that is made begins with.

        Raises ApiError when there are too many, UnknownScenarioError or FixtureError.
        """
        found = self._named.get(name)
        if found is None:
            found = self._make(name, scenario)
        found.used_at = self._monotonic()
        return found

    def idle_seconds(self, sandbox: Sandbox) -> float:
        """How long nobody has asked for a world."""
        return self._monotonic() - sandbox.used_at

    def begin(self, sandbox: Sandbox, origin: Origin) -> None:
        """Begin a world anew."""
        sandbox.world = self.templates.world(origin, sandbox.name)
        sandbox.origin = origin

    def remove(self, name: str) -> bool:
        """Forget a world; whether there was one."""
        removed = self._named.pop(name, None)
        if removed is not None:
            removed.journal.close()
        return removed is not None

    def _make(self, name: str, scenario: str | None) -> Sandbox:
        # Whoever brings a world takes along those that are forgotten: what they hold is not little.
        self._forget_idle()
        self._require_room()
        origin = self.origin if scenario is None else Origin(scenario, self.origin.seed, self.origin.now)
        made = Sandbox(name, origin, self.templates.world(origin, name), self._monotonic())
        self._named[name] = made
        return made

    def _forget_idle(self) -> None:
        for sandbox in self:
            if self.idle_seconds(sandbox) > self._seconds:
                self.remove(sandbox.name)

    def _require_room(self) -> None:
        if len(self._named) >= self._most:
            raise ApiError(
                429,
                "too_many_worlds",
                f"There are {self._most} worlds, all of them in use. Remove some (DELETE /__mock/worlds/NAME), or "
                "start the mock with a higher --max-worlds.",
                headers={"Retry-After": "1"},
            )
