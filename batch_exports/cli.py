"""The command line: each command reads settings, asks one part of the product, and says what came of it.

What a user can get wrong is answered by one line on standard error and exit code 2, never by a traceback.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from batch_exports import __version__
from batch_exports.domain.errors import DomainError
from batch_exports.domain.keys import SCOPES
from batch_exports.settings import BadSetting, Settings
from mock_server.cli import mock

_data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded defaults."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@click.group()
@click.version_option(__version__, prog_name="batch-exports")
def cli() -> None:
    """Batch exports of product-analytics data."""


cli.add_command(mock)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 when done, 2 when it was used wrongly, 130 when interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        code = cli.main(arguments, prog_name="batch-exports", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _complain(error.format_message())
    except (BadSetting, DomainError, OSError) as error:
        _complain(str(error))
    except Exception as error:
        if type(error).__module__.partition(".")[0] != __package__:
            raise
        _complain(str(error))
    sys.exit(code if isinstance(code, int) else 0)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@_data_dir
@_as_json
def dev(port: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Run everything on this machine: API, worker, event store and sample data."""
    from batch_exports.dev import run_dev

    environment = {"BATCH_EXPORTS_EGRESS": "loopback", **os.environ}
    settings = Settings.read(environment, port=port, data_dir=data_dir)
    run_dev(settings, lambda started: _say(started.as_dict(), started.welcome(), as_json=as_json))


@cli.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@_data_dir
def serve(host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve the API."""
    from batch_exports.server import run_server

    run_server(_settings(data_dir, host=host, port=port), lambda url: click.echo(f"Serving {url}"))


@cli.command()
@_data_dir
def worker(data_dir: Path | None) -> None:
    """Carry out runs and the schedule."""
    from batch_exports.server import run_worker

    run_worker(_settings(data_dir), lambda: click.echo("Working."))


@cli.command()
@_data_dir
def migrate(data_dir: Path | None) -> None:
    """Bring the database to this version."""
    from batch_exports.bootstrap import prepare

    prepare(_settings(data_dir))
    click.echo("The database is up to date.")


@cli.group()
def projects() -> None:
    """Projects, whose data exports carry."""


@projects.command("create")
@click.option("--name", required=True, help="What the project is called.")
@_data_dir
@_as_json
def create_project(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Make a project."""
    project_id = asyncio.run(_with_world(_settings(data_dir), lambda world: world.services.access.create_project(name)))
    _say({"id": project_id}, f"Made project {project_id}.", as_json=as_json)


@cli.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@click.option("--project", type=click.IntRange(1), required=True, help="The project that the key opens.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), required=True, help="What it may do.")
@click.option("--label", default="", help="What it is for.")
@_data_dir
@_as_json
def create_key(project: int, scopes: tuple[str, ...], label: str, data_dir: Path | None, as_json: bool) -> None:
    """Make a key; it is shown this once and stored as a hash."""
    settings = _settings(data_dir)
    key = asyncio.run(_with_world(settings, lambda world: world.services.access.create_key(project, scopes, label)))
    _say({"key": key}, key, as_json=as_json)


@cli.group()
def events() -> None:
    """Events in the embedded event store."""


@events.command("load")
@click.option("--project", type=click.IntRange(1), required=True, help="The project that the events belong to.")
@click.option("--arrived-now", is_flag=True, help="Count events as arriving now, not at their timestamps.")
@_data_dir
@_as_json
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
def load_events(project: int, arrived_now: bool, data_dir: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Load events from JSONLines and Parquet files; a file with a bad line is refused whole."""
    from batch_exports.bootstrap import prepare
    from batch_exports.sources.event_store import EventStore
    from batch_exports.sources.loading import load_file

    settings = _settings(data_dir)
    prepare(settings)
    if not asyncio.run(_with_world(settings, lambda world: world.services.access.has_project(project))):
        raise click.UsageError(f"There is no project {project}.")
    with EventStore.open(settings.data_dir) as store:
        for file in files:
            result = load_file(store, project, file, arrived_now=arrived_now)
            _say(
                {"file": str(file), "loaded": result.loaded, "already_present": result.already_present},
                f"{file}: {result.loaded} events loaded, {result.already_present} already present.",
                as_json=as_json,
            )


def _settings(data_dir: Path | None, **overrides: Any) -> Settings:
    return Settings.read(os.environ, data_dir=data_dir, **overrides)


async def _with_world(settings: Settings, use: Any) -> Any:
    from batch_exports.bootstrap import build_world, prepare

    await asyncio.to_thread(prepare, settings)
    async with build_world(settings) as world:
        return await use(world)


def _say(data: dict[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(data) if as_json else text)
    sys.stdout.flush()


def _complain(message: str) -> None:
    click.echo("batch-exports: " + " ".join(message.split()), err=True)
    sys.exit(2)
