"""The state of a world as a fixture: every row as it is, but for credentials, which are replaced."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import chain
from typing import Any
from uuid import UUID

from batch_exports.domain.destinations import merged
from batch_exports.domain.exports import Destination, Export
from batch_exports.domain.schedules import Interval
from mock_server.memory.tables import Tables
from mock_server.progression import BY_CLOCK
from mock_server.world import World

Json = dict[str, Any]

_PLACEHOLDER = "***"
_PLACEHOLDERS = {
    "client_email": "redacted@example.com",
    "connection_string": "AccountName=redacted;AccountKey=***",
    "token_uri": "https://redacted.example.com/token",
}
"""What stands for credentials of which the contract says what they look like."""

_OF_REQUEST = frozenset({"name", "model", "destination", "schedule", "filters"})
_WITH_DAY = frozenset({Interval.WEEK})
_WITH_HOUR = frozenset({Interval.DAY, Interval.WEEK})


def world_fixture(world: World, description: str) -> Json:
    """What a world would have to begin with to be as this one is now; deleted exports are left out."""
    tables = world.store.tables
    fixture: Json = {
        "description": description,
        "projects": [project.name for _, project in sorted(tables.projects.items())],
    }
    if world.personas:
        fixture["personas"] = dict(world.personas)
    if world.progression != BY_CLOCK:
        fixture["progression"] = _plain(world.progression)
    if world.faults:
        names = ("match", "do", "times", "after", "probability", "seed")
        rules = ({name: getattr(rule, name) for name in names} for rule in world.faults)
        fixture["faults"] = [_without_nulls(rule) for rule in rules]
    return fixture | {"rows": _rows(world, tables)}


def _rows(world: World, tables: Tables) -> Json:
    runs = list(_of_exports(tables, tables.runs_by_creation, tables.runs))
    plans = ((run.id, tables.plans.get(run.id)) for run in runs if run.is_open)
    logs = chain.from_iterable(index.ascending() for index in _indexes(tables, tables.logs_of_export))
    activity = (tables.activity[entry_id] for _, entry_id in tables.activity_by_creation.ascending())
    return {
        "at": world.clock.now(),
        "ids": world.ids.position._asdict(),
        "exports": [_export(export) for export in sorted(tables.exports.values(), key=_age)],
        "runs": [_plain(run) for run in runs],
        "plans": [{"run_id": run_id, **_plain(plan)} for run_id, plan in plans if plan is not None],
        "backfills": [_plain(each) for each in _of_exports(tables, tables.backfills_by_creation, tables.backfills)],
        "logs": sorted((_plain(entry) for _, _, entry in logs), key=lambda entry: entry["sequence"]),
        "activity": [_plain(entry) for entry in activity],
    }


def _age(export: Export) -> tuple[Any, UUID]:
    return export.created_at, export.id


def _indexes(tables: Tables, groups: Any) -> Iterator[Any]:
    return (groups[export_id] for export_id in sorted(tables.exports) if export_id in groups)


def _of_exports(tables: Tables, groups: Any, rows: Any) -> Iterator[Any]:
    """Rows of exports that are there, oldest first in each."""
    return (rows[row_id] for index in _indexes(tables, groups) for _, row_id in index.ascending())


def _export(export: Export) -> Json:
    others = {each.name: getattr(export, each.name) for each in fields(export) if each.name not in _OF_REQUEST}
    return _without_nulls(others) | {"request": _request(export)}


def _request(export: Export) -> Json:
    """The body with which an export would be created."""
    schedule = export.schedule
    optional = {
        "timezone": schedule.timezone,
        "offset_day": schedule.offset_day if schedule.interval in _WITH_DAY else None,
        "offset_hour": schedule.offset_hour if schedule.interval in _WITH_HOUR else None,
        "start_at": schedule.start_at,
        "end_at": schedule.end_at,
        "filters": export.filters,
    }
    return {
        "name": export.name,
        "model": export.model,
        "interval": schedule.interval,
        "destination": _destination(export.destination),
        **_without_nulls(optional),
    }


def _destination(destination: Destination) -> Json:
    return {"type": destination.type, "config": merged(destination.config, _replaced(destination.secrets))}


def _replaced(secrets: Mapping[str, Any]) -> Json:
    """Credentials, and what stands for each."""
    return {
        name: _replaced(value) if isinstance(value, dict) else _PLACEHOLDERS.get(name, _PLACEHOLDER)
        for name, value in secrets.items()
    }


def _plain(row: Any) -> Json:
    return _without_nulls({each.name: getattr(row, each.name) for each in fields(row)})


def _without_nulls(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
