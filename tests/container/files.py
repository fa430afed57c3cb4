"""What the container files say, read as the tools that they are for would read them."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from batch_exports.cli import cli

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@cache
def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage: name and arguments, without comments and broken lines."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, lines):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, arguments.strip()))
    return found


def of_stage(stage: int, name: str) -> list[str]:
    """The arguments of all instructions of one name."""
    return [arguments for each, arguments in stages()[stage] if each == name]


def image_environment() -> dict[str, str]:
    """The variables of the image."""
    return dict(word.split("=", 1) for arguments in of_stage(-1, "ENV") for word in shlex.split(arguments))


def health_command() -> list[str]:
    """The command by which the image's health is looked at."""
    (arguments,) = of_stage(-1, "HEALTHCHECK")
    words: list[str] = json.loads(arguments.partition("CMD ")[2])
    return words


@cache
def compose() -> dict[str, Any]:
    """The compose file as it is, its anchors and merges resolved."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def services() -> dict[str, dict[str, Any]]:
    """All services by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def our_services() -> dict[str, dict[str, Any]]:
    """The services that run this image."""
    return {name: service for name, service in services().items() if "build" in service}


def variables(value: Any) -> Iterator[tuple[str, str, str]]:
    """The variables that a text, or the texts inside a value, refer to: name, operator and operand."""
    yield from _VARIABLE.findall(json.dumps(value))


def resolved(text: Any, values: Mapping[str, str]) -> str:
    """A text with the values of the variables that it refers to, or their defaults."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or (found[3] if found[2] == "-" else ""), str(text))


def parse_command(words: list[str]) -> None:
    """Parse the words after `batch-exports` as the command line does; raises click's UsageError."""
    name, *arguments = words
    cli.commands[name].make_context(name, [*map(str, arguments)]).close()
