"""Commands about organizations."""

from dataclasses import asdict
from pathlib import Path

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table
from batch_exports.cli.worlds import in_world


@click.group(no_args_is_help=False)
def organizations() -> None:
    """Organizations, whose projects they are."""


@organizations.command("create")
@click.option("--name", required=True, help="What the organization is called.")
@options.data_dir
@options.as_json
def create_organization(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Make an organization."""
    made = in_world(data_dir, lambda world: world.services.access.create_organization(name))
    say(asdict(made), f"Made organization {made.id}.", as_json=as_json)


@organizations.command("list")
@options.data_dir
@options.as_json
def list_organizations(data_dir: Path | None, as_json: bool) -> None:
    """List organizations by name."""
    found = in_world(data_dir, lambda world: world.services.access.organizations())
    rows = [(each.id, each.name) for each in found]
    say([asdict(each) for each in found], table(("id", "name"), rows), as_json=as_json)
