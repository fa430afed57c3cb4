"""The reference pages as the code has them; run as a module, it writes them into `docs/reference`."""

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from batch_exports.cli import cli
from batch_exports.settings import documentation

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

SETTINGS_INTRO = """# Settings

Read from the environment at the start of a process. Where a command has an option of the same meaning, the option wins.
A value that cannot be used ends the command with one line that says what would do.

| setting | default | meaning |
|---|---|---|
"""

COMMANDS_INTRO = """# Commands

Exit codes: 0 done, or stopped by SIGINT or SIGTERM while at work; 1 when `doctor`, `contract`, `compare` or `stubs`
found something wrong, or when the worker of `dev` or `worker` ended by an error; 2 for a wrong use; 130 or 143 when
SIGINT or SIGTERM broke off a start or a short command. Errors are one line on standard error. A process winds up within
eight seconds of the signal; `contract` takes the time to delete what it made, and ends with 130.
"""


def settings_page() -> str:
    """The page of all settings."""
    rows = (f"| `{name}` | {f'`{default}`' if default else ''} | {doc} |\n" for name, default, doc in documentation())
    return SETTINGS_INTRO + "".join(rows)


def commands_page() -> str:
    """The page of all commands."""
    return COMMANDS_INTRO + "".join(_section(name, command) for name, command in commands(cli, "batch-exports"))


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what one types."""
    for name, command in sorted(group.commands.items()):
        is_group = isinstance(command, click.Group)
        if not is_group or command.invoke_without_command:
            yield f"{prefix} {name}", command
        if is_group:
            yield from commands(command, f"{prefix} {name}")


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    records = [
        parameter.get_help_record(context) for parameter in command.params if parameter.param_type_name == "option"
    ]
    rows = "".join(f"| `{_cell(option)}` | {_cell(text)} |\n" for option, text in filter(None, records))
    table = f"\n| option | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## {name}\n\n{cleandoc(command.help or '')}\n\n```\n{usage}\n```\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"settings.md": settings_page, "commands.md": commands_page}

if __name__ == "__main__":
    for page, render in PAGES.items():
        (FOLDER / page).write_text(render())
