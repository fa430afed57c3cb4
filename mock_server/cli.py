"""`batch-exports mock`, also `python -m mock_server`: serves the mock until it is told to stop."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from mock_server.clock import read_moment
from mock_server.commands import PATHS, check, export, record, routes
from mock_server.export import msw

_LIMIT = click.IntRange(0)
_FILE = click.Path(path_type=Path, dir_okay=False)
Command = TypeVar("Command", bound=Callable[..., Any])

_COUNT = click.IntRange(1)


def _limit(name: str, span: str) -> Callable[[Command], Command]:
    return click.option(
        name, type=_LIMIT, default=0, show_default=True, help=f"Requests that one key may make in {span}; 0: no limit."
    )


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8010,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--scenario", default="typical", show_default=True, help="State that worlds begin with.")
@click.option("--fixtures", type=PATHS, multiple=True, help="File or folder of scenarios of your own; repeatable.")
@click.option("--watch", is_flag=True, help="Read the fixtures again when they change.")
@click.option("--seed", type=_LIMIT, default=0, show_default=True, help="What identifiers are drawn from.")
@click.option("--now", metavar="INSTANT", help="Moment at which the clocks of all worlds stand still; else real time.")
@click.option(
    "--max-open-backfills",
    type=_COUNT,
    default=10,
    show_default=True,
    help="Backfills of one project that may be in progress at once.",
)
@_limit("--throttle-per-minute", "a minute")
@_limit("--throttle-per-hour", "an hour")
@click.option("--strict", is_flag=True, help="Answer as production does: no preferences, no faults.")
@click.option("--chaos", metavar="NAME", help="Scenario whose fault rules all worlds have: flaky, slow or offline.")
@click.option("--latency", metavar="MS", help="How long answers wait: milliseconds, or a range of them as 80..400.")
@click.option("--require-world", is_flag=True, help="Refuse requests that name no world.")
@click.option("--max-worlds", type=_COUNT, default=1000, show_default=True, help="Worlds at a time.")
@click.option(
    "--world-ttl",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    help="Seconds after which a world that nobody asks for is forgotten.",
)
@click.option(
    "--admin-token",
    envvar="MOCK_ADMIN_TOKEN",
    show_envvar=True,
    help="What the control API asks for; without it only this machine may use it.",
)
@click.option("--cors-origin", multiple=True, help="Origin whose pages may call the API, any by default; repeatable.")
@click.option(
    "--log",
    type=click.Choice(["pretty", "json", "off"]),
    help="How each request is told of on standard error; pretty in a terminal, else off.",
)
@click.option("--port-file", type=_FILE, help="File that gets the port once the mock is ready.")
@click.option("--upstream", metavar="URL", help="Service of the same contract that answers what --proxy names.")
@click.option("--proxy", metavar="OPERATION", multiple=True, help="Operation that it answers; repeatable, * for all.")
@click.option(
    "--upstream-key",
    envvar="MOCK_UPSTREAM_KEY",
    show_envvar=True,
    help="What the upstream is sent in place of the callers' keys.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@click.pass_context
def mock(context: click.Context, /, host: str, port: int, as_json: bool, **options: Any) -> None:  # noqa: FBT001  # a flag
    """Serve a mock of the API. Production's handlers answer from fixtures, in memory."""
    if context.invoked_subcommand is not None:
        return
    # Only here: other commands of the same command line need none of it.
    from mock_server.serving import CannotServeError, serve  # noqa: PLC0415

    if options["strict"] and (options["chaos"] or options["latency"]):
        raise click.UsageError("A strict mock has no faults: leave out --strict, or --chaos and --latency.")
    try:
        serve(host, port, as_json=as_json, **{**options, "now": _moment(options["now"])})
    except CannotServeError as error:
        raise click.UsageError(str(error)) from None


for _command in (check, routes, export, record):
    mock.add_command(_command)
export.add_command(msw)


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else read_moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--now") from None
