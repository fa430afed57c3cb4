"""Commands about events in the embedded event store."""

from pathlib import Path

import click

from batch_exports.cli import options
from batch_exports.cli.output import say
from batch_exports.cli.worlds import in_world, need, read_settings


@click.group(no_args_is_help=False)
def events() -> None:
    """Events in the embedded event store."""


@events.command("load")
@click.option("--project", type=options.PROJECT, required=True, help="The project that the events belong to.")
@click.option("--arrived-now", is_flag=True, help="Count events as arriving now, not at their timestamps.")
@options.data_dir
@options.as_json
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
def load_events(project: int, arrived_now: bool, data_dir: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Load events from JSONLines and Parquet files. A file with a bad line is refused whole."""
    need("server", "embedded")
    from batch_exports.sources.event_store import EventStore
    from batch_exports.sources.loading import load_file

    if not in_world(data_dir, lambda world: world.services.access.has_project(project)):
        raise click.ClickException(f"There is no project {project}; `batch-exports projects create` makes one.")
    with EventStore.open(read_settings(data_dir).data_dir) as store:
        for file in files:
            result = load_file(store, project, file, arrived_now=arrived_now)
            say(
                {"file": str(file), "loaded": result.loaded, "already_present": result.already_present},
                f"{file}: {result.loaded} events loaded, {result.already_present} already present.",
                as_json=as_json,
            )
