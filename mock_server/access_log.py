"""Tells of each request on standard error, with the reason when it was refused: a line to read, or one of JSON."""

import json
from collections.abc import Callable

import click

from mock_server.journal.exchange import Exchange
from mock_server.journal.reasons import Reasons
from mock_server.journal.rendering import milliseconds
from mock_server.operations import Operations

AccessLog = Callable[[Exchange], None]

_COLOURS = {0: "red", 2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_FIRST_REFUSAL = 400


def open_log(form: str, operations: Operations) -> AccessLog | None:
    """The log in a form, `pretty` or `json`; None for `off`."""
    if form == "off":
        return None
    tell = _pretty if form == "pretty" else _json

    def log(exchange: Exchange) -> None:
        refused = exchange.status == 0 or exchange.status >= _FIRST_REFUSAL
        click.echo(tell(exchange, Reasons(operations).of(exchange) if refused else None), err=True)

    return log


def _pretty(exchange: Exchange, reason: str | None) -> str:
    status = click.style(str(exchange.status or "cut"), fg=_COLOURS[exchange.status // 100])
    asked = f"{exchange.at:%H:%M:%S} {exchange.method} {_one_line(exchange.path)}"
    notes = [exchange.world, exchange.fault or exchange.source]
    line = f"{asked} {status} {milliseconds(exchange):.1f} ms [{' '.join(notes)}]"
    return line if reason is None else f"{line}\n         {_one_line(reason)}"


def _json(exchange: Exchange, reason: str | None) -> str:
    facts = {
        "at": exchange.at.isoformat(),
        "number": exchange.number,
        "world": exchange.world,
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation,
        "status": exchange.status,
        "milliseconds": milliseconds(exchange),
        "source": exchange.source,
        "fault": exchange.fault,
        "reason": reason,
    }
    return json.dumps(facts)


def _one_line(text: str) -> str:
    # What was sent decides neither where a line ends nor what a terminal does.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
