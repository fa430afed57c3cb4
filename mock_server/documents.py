"""YAML files that remember where everything stands, so that an error names file, line and JSON pointer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FixtureError(Exception):
    """A fixture file cannot be used."""

    def __init__(self, path: Path, line: int, pointer: str, message: str) -> None:
        super().__init__(f"{path}:{line}: {pointer or '/'}: {message}")


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a file, and the line of each of its parts by JSON pointer."""

    path: Path
    data: Any
    lines: dict[str, int]

    def error(self, pointer: str, message: str) -> FixtureError:
        """An error at a pointer; one that is absent is reported at the nearest part around it."""
        known = pointer
        while known and known not in self.lines:
            known = known.rpartition("/")[0]
        return FixtureError(self.path, self.lines.get(known, 1), pointer, message)

    def at(self, pointer: str) -> Any:
        """The part at a pointer."""
        part = self.data
        for step in pointer.split("/")[1:]:
            part = part[int(step)] if isinstance(part, list) else part[step]
        return part

    def check(self, pointer: str, validator: Draft202012Validator) -> None:
        """Raise FixtureError for the first thing that a JSON schema refuses in the part at `pointer`."""
        error = next(iter(validator.iter_errors(self.at(pointer))), None)
        if error is not None:
            raise self.error(pointer + "".join(f"/{step}" for step in error.instance_path), error.message)


def read_document(path: Path) -> Document:
    """Read a YAML file; raises FixtureError."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FixtureError(path, line, "", f"not valid YAML: {error.problem}") from None
    finally:
        loader.dispose()
    lines: dict[str, int] = {}
    if node is not None:
        _note_lines(node, "", lines)
    return Document(path, data, lines)


def _note_lines(node: yaml.Node, pointer: str, lines: dict[str, int]) -> None:
    lines[pointer] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _note_lines(value, f"{pointer}/{key.value}", lines)
            lines[f"{pointer}/{key.value}"] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _note_lines(item, f"{pointer}/{number}", lines)
