"""Scenarios as pristine worlds, made when they are first asked for and forked from then on."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema_rs import Draft202012Validator

from mock_server.clock import Monotonic, VirtualClock, frozen_clock
from mock_server.library import Library
from mock_server.scenarios import build_world
from mock_server.world import World, WorldLimits

KEPT = 32
"""Pristine worlds that are kept at a time."""

_FRESH_SECONDS = 60.0
_MOST_WORK = 0.005
"""The share of the time that may go into making pristine worlds anew because time has passed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a world is made from: a scenario, a seed, and the moment at which its clock begins to stand still.

    Without a moment the world begins at the time of its making, and follows real time.
    """

    scenario: str
    seed: int = 0
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Pristine:
    world: World
    made_at: float
    seconds: float


class Templates:
    """Makes worlds out of scenarios."""

    def __init__(
        self,
        library: Library,
        requests: Draft202012Validator,
        limits: WorldLimits,
        *,
        clock: VirtualClock | None = None,
        faults: Callable[[], Iterable[Mapping[str, Any]]] = tuple,
        latency: float | str | None = None,
        monotonic: Monotonic = time.perf_counter,
    ) -> None:
        """`clock` is what worlds without a moment of their own go by; real time, if there is none.

        `faults` tells the fault rules of all worlds, which stand behind those of their scenarios; `latency` is how
        many milliseconds answers wait in all worlds, whatever the rules say: a number, or a range as `80..400`.
        """
        self.library = library
        self._requests = requests
        self._limits = limits
        self._clock = clock
        self._faults = faults
        self._latency = latency
        self._monotonic = monotonic
        self._pristine: dict[Origin, _Pristine] = {}

    def world(self, origin: Origin, name: str) -> World:
        """A world of its own that begins as its origin says; raises UnknownScenarioError or FixtureError."""
        return self._current(origin).world.fork(name)

    def forget(self) -> None:
        """Read scenarios again when they are asked for next."""
        self._pristine.clear()

    def _current(self, origin: Origin) -> _Pristine:
        kept = self._pristine.pop(origin, None)
        if kept is None or self._is_stale(origin, kept):
            kept = self._make(origin)
        # Those asked for last stand last.
        self._pristine[origin] = kept
        while len(self._pristine) > KEPT:
            del self._pristine[next(iter(self._pristine))]
        return kept

    def _is_stale(self, origin: Origin, kept: _Pristine) -> bool:
        if origin.now is not None or self._clock is not None:
            return False
        return self._monotonic() - kept.made_at > max(_FRESH_SECONDS, kept.seconds / _MOST_WORK)

    def _make(self, origin: Origin) -> _Pristine:
        begin = self._monotonic()
        clock = self._start(origin)
        world = build_world(self.library.read(origin.scenario), self._requests, clock, origin.seed, self._limits)
        for rule in self._faults():
            world.faults.add(rule)
        if self._latency is not None:
            world.faults.add({"do": {"latency_ms": self._latency}}, decides=False)
        return _Pristine(world, begin, self._monotonic() - begin)

    def _start(self, origin: Origin) -> VirtualClock:
        if origin.now is not None:
            return frozen_clock(origin.now)
        return VirtualClock() if self._clock is None else self._clock.fork()
