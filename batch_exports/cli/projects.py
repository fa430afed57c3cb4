"""Commands about projects."""

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table
from batch_exports.cli.worlds import in_world


@click.group(no_args_is_help=False)
def projects() -> None:
    """Projects, whose data exports carry."""


@projects.command("create")
@click.option("--name", required=True, help="What the project is called.")
@click.option("--organization", type=click.UUID, metavar="ID", help="Whose it is; not needed while there is but one.")
@options.data_dir
@options.as_json
def create_project(name: str, organization: UUID | None, data_dir: Path | None, as_json: bool) -> None:
    """Make a project."""
    made = in_world(data_dir, lambda world: world.services.access.create_project(name, organization))
    say(asdict(made), f"Made project {made.id}.", as_json=as_json)


@projects.command("list")
@options.data_dir
@options.as_json
def list_projects(data_dir: Path | None, as_json: bool) -> None:
    """List projects by number."""
    found = in_world(data_dir, lambda world: world.services.access.projects())
    rows = [(each.id, each.name, each.organization_id) for each in found]
    say([asdict(each) for each in found], table(("id", "name", "organization"), rows), as_json=as_json)
