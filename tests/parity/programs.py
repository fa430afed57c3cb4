"""Programs: requests, and what happens between them, as plain data that can be drawn, shrunk, printed and kept.

What a world names by itself is written by symbols, as `$run-0` for the run that an answer showed first.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ABSENT = "absent"


@dataclass(frozen=True)
class Call:
    """A request, of an operation unless it has a method of its own."""

    operation: str
    path: dict[str, str] = field(default_factory=dict)
    key: str | None = "admin"
    """A persona; or what stands in the header instead, None for no such header."""
    query: list[list[str]] = field(default_factory=list)
    headers: dict[str, str | None] = field(default_factory=dict)
    """None for one that is not sent, where there usually is one."""
    body: Any = ABSENT
    text: str | None = None
    """What is sent in place of JSON; surrogates stand for bytes that are not UTF-8."""
    method: str | None = None


@dataclass(frozen=True)
class Move:
    """The worker brings a run of an export to a status."""

    export: str
    run: str
    to: str


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: int


Step = Call | Move | Wait
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.json"))
"""Programs that are played every time: what went apart once, and what a draw seldom meets."""

Program = Sequence[Step]


def as_json(program: Program) -> list[dict[str, Any]]:
    """A program as it is kept in a file: each step without what is as usual."""
    return [_plain(step) for step in program]


def from_json(steps: Sequence[dict[str, Any]]) -> Program:
    """The program that is kept in a file."""
    return [_step(each) for each in steps]


def printed(program: Program) -> str:
    """A program as the text of a file, a line for each step."""
    lines = ",\n".join(f"    {json.dumps(step)}" for step in as_json(program))
    return f'{{\n  "claim": "...",\n  "steps": [\n{lines}\n  ]\n}}'


def _plain(step: Step) -> dict[str, Any]:
    if not isinstance(step, Call):
        return asdict(step)
    usual = asdict(Call(step.operation))
    return {name: value for name, value in asdict(step).items() if name == "operation" or value != usual[name]}


def _step(plain: dict[str, Any]) -> Step:
    kind = Call if "operation" in plain else Move if "run" in plain else Wait
    return kind(**plain)
