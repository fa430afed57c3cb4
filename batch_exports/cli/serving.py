"""Commands that run the service, and that look after what it runs on."""

import os
from pathlib import Path

import click

from batch_exports.cli import options
from batch_exports.cli.output import say
from batch_exports.cli.worlds import need, read_settings


@click.command()
@options.host
@options.port
@options.data_dir
@options.as_json
def dev(host: str | None, port: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Run everything on this machine: API, worker, event store."""
    need("server", "embedded")
    from batch_exports.dev import run_dev

    environment = {"BATCH_EXPORTS_EGRESS": "loopback", **os.environ}
    settings = read_settings(data_dir, environment, host=host, port=port)
    run_dev(settings, lambda started: say(started.as_dict(), started.welcome(), as_json=as_json))


@click.command()
@options.host
@options.port
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes that answer requests; 1 by default.")
@click.option("--member", type=int, hidden=True, help="The inherited socket that a process among several serves on.")
@options.data_dir
@options.as_json
def serve(
    host: str | None, port: int | None, workers: int, member: int | None, data_dir: Path | None, as_json: bool
) -> None:
    """Serve the API; it keeps no state of its own."""
    need("server")
    from batch_exports.fleet import run_fleet, run_member
    from batch_exports.server import run_server

    def on_ready(url: str) -> None:
        say({"url": url, "docs": f"{url}/docs"}, f"Serving {url}", as_json=as_json)

    settings = read_settings(data_dir, host=host, port=port)
    if member is not None:
        run_member(settings, member, on_ready)
    elif workers > 1:
        run_fleet(settings, workers, on_ready)
    else:
        run_server(settings, on_ready)


@click.command()
@click.option("--standby", is_flag=True, help="While another worker has the database, wait to take its place.")
@options.data_dir
@options.as_json
def worker(standby: bool, data_dir: Path | None, as_json: bool) -> None:
    """Carry out runs and the schedule."""
    need("server")
    from batch_exports.working import run_worker

    def on_ready(url: str | None) -> None:
        watched = {} if url is None else {"url": url}
        say({"working": True, **watched}, "Working." if url is None else f"Working, {url}/metrics", as_json=as_json)

    run_worker(read_settings(data_dir), on_ready, standby=standby)


@click.command()
@options.data_dir
def migrate(data_dir: Path | None) -> None:
    """Bring the database to this version."""
    need("server")
    from batch_exports.bootstrap import prepare

    prepare(read_settings(data_dir))
    click.echo("The database is up to date.")


@click.command()
@options.data_dir
def doctor(data_dir: Path | None) -> int:
    """Look at what the service needs, and say what is wrong."""
    need("server")
    from batch_exports.doctor import examine

    findings = list(examine(read_settings(data_dir), os.environ))
    for finding in findings:
        click.echo(finding.line())
    return 0 if all(finding.healthy for finding in findings) else 1
