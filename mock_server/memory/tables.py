"""The content of one world as persistent maps: a copy costs nothing, nor do snapshots, rollbacks and forks."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from rpds import HashTrieMap

from mock_server.memory.sorted_index import KeyT, SortedIndex
from mock_server.progression import BY_CLOCK, Progression

Moment = tuple[datetime, UUID]
"""A key by which objects sort: a time, then the id."""
LogKey = tuple[datetime, int, "LogEntry"]

GroupT = TypeVar("GroupT")
if TYPE_CHECKING:
    from batch_exports.domain.activity import Activity
    from batch_exports.domain.backfills import Backfill, RunCounts
    from batch_exports.domain.exports import Export
    from batch_exports.domain.keys import ApiKey, Organization, Project
    from batch_exports.domain.logs import LogEntry
    from batch_exports.domain.runs import Run
    from batch_exports.domain.throttles import Usage
    from batch_exports.ports import KeptAnswer
    from mock_server.plans import Plan

    # HashTrieMap takes no type arguments at run time.
    Grouped = HashTrieMap[GroupT, SortedIndex[KeyT]]


@dataclass(slots=True)
class Tables:
    """Rows and their indexes; the values are immutable, only a transaction's own copy of this object changes."""

    exports: "HashTrieMap[UUID, Export]" = field(default_factory=HashTrieMap)
    exports_of_project: "Grouped[int, Moment]" = field(default_factory=HashTrieMap)
    exports_due: SortedIndex[Moment] = field(default_factory=SortedIndex)

    runs: "HashTrieMap[UUID, Run]" = field(default_factory=HashTrieMap)
    runs_by_creation: "Grouped[UUID, Moment]" = field(default_factory=HashTrieMap)
    runs_by_interval: "Grouped[UUID, Moment]" = field(default_factory=HashTrieMap)
    runs_open: SortedIndex[Moment] = field(default_factory=SortedIndex)
    run_counts: "HashTrieMap[UUID, RunCounts]" = field(default_factory=HashTrieMap)

    backfills: "HashTrieMap[UUID, Backfill]" = field(default_factory=HashTrieMap)
    backfills_by_creation: "Grouped[UUID, Moment]" = field(default_factory=HashTrieMap)
    backfills_by_start: "Grouped[UUID, Moment]" = field(default_factory=HashTrieMap)
    backfills_open: SortedIndex[Moment] = field(default_factory=SortedIndex)

    logs_of_export: "Grouped[UUID, LogKey]" = field(default_factory=HashTrieMap)
    logs_of_run: "Grouped[UUID, LogKey]" = field(default_factory=HashTrieMap)
    log_sequence: int = 0

    organizations: "HashTrieMap[UUID, Organization]" = field(default_factory=HashTrieMap)
    projects: "HashTrieMap[int, Project]" = field(default_factory=HashTrieMap)
    keys: "HashTrieMap[UUID, ApiKey]" = field(default_factory=HashTrieMap)
    keys_of_prefix: "Grouped[str, Moment]" = field(default_factory=HashTrieMap)
    key_usage: "HashTrieMap[UUID, tuple[Usage, datetime]]" = field(default_factory=HashTrieMap)

    activity: "HashTrieMap[UUID, Activity]" = field(default_factory=HashTrieMap)
    activity_by_creation: SortedIndex[Moment] = field(default_factory=SortedIndex)
    activity_of_project: "Grouped[int, Moment]" = field(default_factory=HashTrieMap)
    activity_of_export: "Grouped[UUID, Moment]" = field(default_factory=HashTrieMap)

    answers: "HashTrieMap[tuple[str, str], KeptAnswer]" = field(default_factory=HashTrieMap)

    agenda: SortedIndex[Moment] = field(default_factory=SortedIndex)
    """When the simulator has to look at which open run next."""
    plans: "HashTrieMap[UUID, Plan]" = field(default_factory=HashTrieMap)
    progression: Progression = BY_CLOCK
    heeds_names: bool = True
    """Whether the name of an export may ask for its runs to fail."""

    def __copy__(self) -> "Tables":
        """Another object with the same content, made without the detours of `copy`: every write begins with one."""
        return Tables(*_content(self))


_content = attrgetter(*(each.name for each in fields(Tables)))


def add_to(groups: "Grouped[GroupT, KeyT]", group: GroupT, key: KeyT) -> "Grouped[GroupT, KeyT]":
    """The groups with `key` in `group`."""
    index = groups.get(group)
    return groups.insert(group, (SortedIndex() if index is None else index).add(key))


def drop_from(groups: "Grouped[GroupT, KeyT]", group: GroupT, key: KeyT) -> "Grouped[GroupT, KeyT]":
    """The groups without `key` in `group`."""
    index = groups.get(group)
    return groups if index is None else groups.insert(group, index.discard(key))


def visible(tables: Tables, groups: "Grouped[UUID, KeyT]", export_id: UUID) -> "SortedIndex[KeyT] | None":
    """The index of an export, unless the export is deleted."""
    return groups.get(export_id) if export_id in tables.exports else None
