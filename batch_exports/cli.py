"""The command line: each command reads settings, asks one part of the product, and says what came of it.

What a user can get wrong is answered by one line on standard error and exit code 2, never by a traceback.
"""

import asyncio
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from batch_exports import __version__
from batch_exports.domain.keys import SCOPES
from batch_exports.settings import Settings
from batch_exports.signals import unwind_on_signal
from mock_server.cli import mock

_EXTRAS = {
    "server": ("aiosqlite", "alembic", "cryptography", "dbos", "pyarrow", "sqlalchemy", "clickhouse_connect"),
    "embedded": ("chdb",),
}
"""What the extras of this distribution install, as far as commands depend on it."""

_data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded defaults."
)
_host = click.option("--host", help="Address to listen on.")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@click.group(no_args_is_help=False, context_settings={"max_content_width": 120})
@click.version_option(__version__, prog_name="batch-exports")
def cli() -> None:
    """Batch exports of product-analytics data."""


cli.add_command(mock)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    unwind_on_signal()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 when done, 1 when a check failed, 2 when it was used wrongly."""
    try:
        code = cli.main(arguments, prog_name="batch-exports", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffer is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        text = _readable(error)
        if text is None:
            raise
        click.echo("batch-exports: " + " ".join(text.split()), err=True)
        return 2
    return code if isinstance(code, int) else 0


@cli.command()
@_host
@_port
@_data_dir
@_as_json
def dev(host: str | None, port: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Run everything on this machine: API, worker, event store."""
    _need("server", "embedded")
    from batch_exports.dev import run_dev

    environment = {"BATCH_EXPORTS_EGRESS": "loopback", **os.environ}
    settings = _settings(data_dir, environment, host=host, port=port)
    run_dev(settings, lambda started: _say(started.as_dict(), started.welcome(), as_json=as_json))


@cli.command()
@_host
@_port
@_data_dir
@_as_json
def serve(host: str | None, port: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Serve the API; it keeps no state of its own."""
    _need("server")
    from batch_exports.server import run_server

    settings = _settings(data_dir, host=host, port=port)
    run_server(settings, lambda url: _say({"url": url, "docs": f"{url}/docs"}, f"Serving {url}", as_json=as_json))


@cli.command()
@_data_dir
@_as_json
def worker(data_dir: Path | None, as_json: bool) -> None:
    """Carry out runs and the schedule."""
    _need("server")
    from batch_exports.server import run_worker

    run_worker(_settings(data_dir), lambda: _say({"working": True}, "Working.", as_json=as_json))


@cli.command()
@_data_dir
def migrate(data_dir: Path | None) -> None:
    """Bring the database to this version."""
    _need("server")
    from batch_exports.bootstrap import prepare

    prepare(_settings(data_dir))
    click.echo("The database is up to date.")


@cli.command()
@_data_dir
def doctor(data_dir: Path | None) -> int:
    """Look at what the service needs, and say what is wrong with it."""
    _need("server")
    from batch_exports.doctor import examine

    findings = list(examine(_settings(data_dir), os.environ))
    for finding in findings:
        click.echo(finding.line())
    return 0 if all(finding.healthy for finding in findings) else 1


@cli.command()
@_as_json
def routes(as_json: bool) -> None:
    """List the operations of the contract and what answers them."""
    from batch_exports.contract.operation_spec import describe_operations
    from batch_exports.contract.resolver import HandlerResolver
    from batch_exports.contract.spec import load_spec

    columns = ("method", "path", "operation", "tag", "scopes", "handler")
    rows = []
    for each in describe_operations(load_spec(), HandlerResolver("handlers")):
        handler = f"{each.handler.__module__}:{each.handler.__name__}" if each.handler else "no handler"
        rows.append((each.method, each.path, each.id, each.tag, " ".join(each.scopes), handler))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    _say([dict(zip(columns, row, strict=True)) for row in rows], "\n".join(lines), as_json=as_json)


@cli.group(no_args_is_help=False)
def projects() -> None:
    """Projects, whose data exports carry."""


@projects.command("create")
@click.option("--name", required=True, help="What the project is called.")
@_data_dir
@_as_json
def create_project(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Make a project."""
    _need("server")
    project_id = asyncio.run(_with_world(_settings(data_dir), lambda world: world.services.access.create_project(name)))
    _say({"id": project_id}, f"Made project {project_id}.", as_json=as_json)


@cli.group(no_args_is_help=False)
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
    _need("server")
    settings = _settings(data_dir)
    key = asyncio.run(_with_world(settings, lambda world: world.services.access.create_key(project, scopes, label)))
    _say({"key": key}, key, as_json=as_json)


@cli.group(no_args_is_help=False)
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
    """Load events from JSONLines and Parquet files. A file with a bad line is refused whole."""
    _need("server", "embedded")
    from batch_exports.sources.event_store import EventStore
    from batch_exports.sources.loading import load_file

    settings = _settings(data_dir)
    if not asyncio.run(_with_world(settings, lambda world: world.services.access.has_project(project))):
        raise click.ClickException(f"There is no project {project}; `batch-exports projects create` makes one.")
    with EventStore.open(settings.data_dir) as store:
        for file in files:
            result = load_file(store, project, file, arrived_now=arrived_now)
            _say(
                {"file": str(file), "loaded": result.loaded, "already_present": result.already_present},
                f"{file}: {result.loaded} events loaded, {result.already_present} already present.",
                as_json=as_json,
            )


def _need(*extras: str) -> None:
    missing = [name for extra in extras for name in _EXTRAS[extra] if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"This command needs packages that are not installed ({', '.join(missing)}). "
            f"Install them: pip install 'batch-exports[{','.join(extras)}]'"
        )


def _settings(data_dir: Path | None, environment: Any = os.environ, **overrides: Any) -> Settings:
    settings = Settings.read(environment, data_dir=data_dir, **overrides)
    level = logging.getLevelName(settings.log_level.upper())
    # Others' debugging output may show what must not be shown.
    logging.getLogger().setLevel(max(level, logging.WARNING))
    for package in ("batch_exports", "handlers"):
        logging.getLogger(package).setLevel(level)
    return settings


async def _with_world(settings: Settings, use: Any) -> Any:
    from batch_exports.bootstrap import build_world, prepare

    await asyncio.to_thread(prepare, settings)
    async with build_world(settings) as world:
        return await use(world)


def _say(data: Any, text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(data) if as_json else text)
    sys.stdout.flush()


def _readable(error: Exception) -> str | None:
    """What to tell a user of an error; None if its text was made for nobody's eyes."""
    if isinstance(error, click.UsageError):
        hint = "" if error.ctx is None else f" See '{error.ctx.command_path} --help'."
        return error.format_message() + hint
    if isinstance(error, click.ClickException):
        return error.format_message()
    is_ours = type(error).__module__.partition(".")[0] == __package__
    return str(error) if is_ours or isinstance(error, OSError) else None
