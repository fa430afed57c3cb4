"""The command that reads the audit log."""

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
    entries = in_world(data_dir, lambda world: world.services.activity.page(query))
    text = table(("when", "what", "who", "of", "changes"), [_row(entry) for entry in entries])
    say([_as_data(entry) for entry in entries], text, as_json=as_json)


def _as_data(entry: Activity) -> dict[str, Any]:
    actor = entry.actor
    return {
        "id": entry.id,
        "activity": entry.kind,
        "created_at": entry.created_at,
        "actor": {"type": actor.type, "id": actor.id, "label": actor.label},
        "request_id": actor.request_id,
        **{name: getattr(entry, name) for name in _OBJECTS},
        "changes": [asdict(change) for change in entry.changes],
    }


def _row(entry: Activity) -> tuple[Any, ...]:
    who = " ".join(filter(None, (entry.actor.type, entry.actor.label)))
    named = ((name.removesuffix("_id"), getattr(entry, name)) for name in _OBJECTS)
    of = " ".join(f"{name} {value}" for name, value in named if value is not None)
    return entry.created_at, entry.kind, who, of, "; ".join(map(_change, entry.changes))


def _change(change: Change) -> str:
    return f"{change.field} (secret)" if change.secret else f"{change.field}: {change.before} -> {change.after}"
