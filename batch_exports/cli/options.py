"""Options that several commands take, and the types of what is typed for them."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from batch_exports.domain.errors import Invalid
from batch_exports.domain.times import read_time

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = re.compile(r"([0-9]{1,5})([mhdw])", re.ASCII)


def as_duration(_context: click.Context, _parameter: click.Parameter, text: str | None) -> timedelta | None:
    """How long, as typed: `30m`, `24h`, `90d`, `4w`."""
    match = None if text is None else _DURATION.fullmatch(text)
    if text is not None and match is None:
        raise click.BadParameter(f"{text!r} is no duration such as 30m, 24h, 90d or 4w.")
    return None if match is None else int(match[1]) * _UNITS[match[2]]


def as_time(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    """A time as typed, ISO 8601."""
    try:
        return None if text is None else read_time(text, attr="")
    except Invalid:
        raise click.BadParameter(f"{text!r} is no time such as 2030-01-31T12:00:00Z.") from None


PROJECT = click.IntRange(1, 10**15 - 1)
"""The number of a project."""

data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded defaults."
)
host = click.option("--host", help="Address to listen on.")
port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
expires_in = click.option(
    "--expires-in", callback=as_duration, metavar="DURATION", help="How long the key is valid, such as 90d."
)
expires_at = click.option(
    "--expires-at", callback=as_time, metavar="TIME", help="When the key ends; UTC unless it names its zone."
)
