"""The command line: each command reads settings, asks one part of the product, and says what came of it.

What a user can get wrong is answered by one line on standard error and exit code 2, never by a traceback.
"""

import os
import sys
from collections.abc import Sequence

import click

from batch_exports import __version__
from batch_exports.cli.activity import activity
from batch_exports.cli.compare import compare
from batch_exports.cli.contract import contract
from batch_exports.cli.events import events
from batch_exports.cli.keys import keys
from batch_exports.cli.organizations import organizations
from batch_exports.cli.projects import projects
from batch_exports.cli.routes import routes
from batch_exports.cli.secrets import secrets
from batch_exports.cli.serving import dev, doctor, migrate, serve, worker
from batch_exports.cli.stubs import stubs
from batch_exports.observability.logs import start_logging
from batch_exports.signals import WorkFailed, unwind_on_signal
from mock_server.cli import mock

_COMMANDS = (
    dev, serve, worker, mock, migrate, doctor, routes, stubs, organizations, projects, keys, activity, secrets, events,
    compare, contract,
)  # fmt: skip


@click.group(no_args_is_help=False, context_settings={"max_content_width": 120})
@click.version_option(__version__, prog_name="batch-exports")
def cli() -> None:
    """Batch exports of product-analytics data."""


for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    unwind_on_signal()
    start_logging()
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 when done, 1 when a check or the work failed, 2 when it was used wrongly."""
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
        return 1 if isinstance(error, WorkFailed) else 2
    return code if isinstance(code, int) else 0


def _readable(error: Exception) -> str | None:
    """What to tell a user of an error; None if its text was made for nobody's eyes."""
    if isinstance(error, click.UsageError):
        hint = "" if error.ctx is None else f" See '{error.ctx.command_path} --help'."
        return error.format_message() + hint
    if isinstance(error, click.ClickException):
        return error.format_message()
    is_ours = type(error).__module__.partition(".")[0] == __name__.partition(".")[0]
    return str(error) if is_ours or isinstance(error, OSError) else None
