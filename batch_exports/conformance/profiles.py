"""How far a run goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run does, and how often."""

    name: str
    examples: int
    """Generated requests for each operation."""
    scenarios: int
    """Generated programs over the links between operations."""
    programs: int = 0
    """Programs that the reference model checks."""
    steps: int = 0
    """Requests of each of them."""
    changes: bool = True
    """Whether anything is made, changed or deleted."""
    unswept: tuple[str, ...] = ()
    """Operations whose every boundary is left to other runs."""
    sampled: tuple[str, ...] = ()
    """Operations of whose boundaries a fourth is tried; which ones the seed says."""
    all_time_zones: bool = False
    only: tuple[str, ...] = ()
    """Operations that requests are generated for, if not all."""


_QUICK = Profile(
    "quick",
    examples=4,
    scenarios=15,
    programs=5,
    steps=15,
    # Their schemas are those of `create_export` and `update_export`, and two thirds of all boundaries are theirs.
    unswept=("replace_export", "run_new_test_step"),
    # It still has more than all others together.
    sampled=("create_export",),
)
_DEEP = Profile("deep", examples=300, scenarios=300, programs=100, steps=40, all_time_zones=True)
_READ_ONLY = Profile("read-only", examples=4, scenarios=5, changes=False)

PROFILES: Mapping[str, Profile] = MappingProxyType({each.name: each for each in (_QUICK, _DEEP, _READ_ONLY)})
"""The profiles by name."""
