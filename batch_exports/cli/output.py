"""What commands print: one line of JSON for programs, text and tables for people."""

import json
import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import click


def say(data: Any, text: str, *, as_json: bool) -> None:
    """Print the data as one line of JSON, or the text."""
    click.echo(json.dumps(data, default=_scalar) if as_json else text)
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as lines under the names of their columns."""
    lines = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _scalar(value: Any, precision: str = "auto") -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec=precision).replace("+00:00", "Z")
    return str(value)


def _cell(value: Any) -> str:
    if isinstance(value, Collection) and not isinstance(value, str):
        return " ".join(map(str, value))
    return "" if value is None else _scalar(value, "seconds")
