"""The command that reads the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table
from batch_exports.cli.worlds import in_world
from batch_exports.domain.activity import Activity, Change
from batch_exports.ports import ActivityQuery
from batch_exports.services import Services

Prefixes = Mapping[UUID | None, str]
"""The beginning of each key, by its id; keys are never deleted."""

_OBJECTS = ("project_id", "export_id", "run_id", "backfill_id", "key_id")


@click.command()
@click.option("--project", type=options.PROJECT, help="Only what concerns this project.")
@click.option("--export", type=click.UUID, metavar="ID", help="Only what concerns this export.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many entries."
)
@options.data_dir
@options.as_json
def activity(project: int | None, export: UUID | None, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """Show the audit log, newest entries first."""
    query = ActivityQuery(project_id=project, export_id=export, limit=limit)
    entries, prefixes = in_world(data_dir, lambda world: _read(world.services, query))
    text = table(("when", "what", "who", "of", "changes"), [_row(entry, prefixes) for entry in entries])
    say([_as_data(entry, prefixes) for entry in entries], text, as_json=as_json)


async def _read(services: Services, query: ActivityQuery) -> tuple[Sequence[Activity], Prefixes]:
    entries = await services.activity.page(query)
    keys, _ = await services.access.keys()
    return entries, {key.id: key.prefix for key in keys}


def _as_data(entry: Activity, prefixes: Prefixes) -> dict[str, Any]:
    actor = entry.actor
    return {
        "id": entry.id,
        "activity": entry.kind,
        "created_at": entry.created_at,
        "actor": {"type": actor.type, "id": actor.id, "label": actor.label},
        "request_id": actor.request_id,
        **{name: getattr(entry, name) for name in _OBJECTS},
        "key_prefix": prefixes.get(entry.key_id),
        "changes": [asdict(change) for change in entry.changes],
    }


def _row(entry: Activity, prefixes: Prefixes) -> tuple[Any, ...]:
    who = " ".join(filter(None, (entry.actor.type, entry.actor.label)))
    named = ((name.removesuffix("_id"), getattr(entry, name)) for name in _OBJECTS)
    of = [f"{name} {value}" for name, value in named if value is not None] + [prefixes.get(entry.key_id, "")]
    return entry.created_at, entry.kind, who, " ".join(of).rstrip(), "; ".join(map(_change, entry.changes))


def _change(change: Change) -> str:
    return f"{change.field} (secret)" if change.secret else f"{change.field}: {change.before} -> {change.after}"
