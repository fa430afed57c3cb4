"""YAML and JSON files that know where everything stands, so that an error names file, line and JSON pointer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import yaml
from jsonschema_rs import Draft202012Validator

_MOST_TEXT = 300
"""How much is said of what a schema refuses, since that may be the whole file."""


class FixtureError(Exception):
    """A fixture file cannot be used."""

    def __init__(self, path: Path, line: int, pointer: str, message: str) -> None:
        super().__init__(f"{path}:{line}: {pointer or '/'}: {message}")


class SourceFile:
    """The text of a file, as it was when it was read."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._text = text

    def error(self, pointer: str, message: str) -> FixtureError:
        """An error at a pointer; one that is absent is reported in the line of the nearest part around it."""
        known = pointer
        while known and known not in self._lines:
            known = known.rpartition("/")[0]
        return FixtureError(self.path, self._lines.get(known, 1), pointer, message)

    def parse(self) -> Any:
        """The content; raises FixtureError."""
        if self._text.lstrip().startswith("{"):
            try:
                return orjson.loads(self._text)
            except orjson.JSONDecodeError:
                pass  # YAML may look like it
        loader = _JsonLoader(self._text)
        try:
            return loader.get_data()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise FixtureError(self.path, line, "", f"not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise FixtureError(self.path, 1, "", f"not valid YAML: {error}") from None
        except RecursionError:
            raise FixtureError(self.path, 1, "", "nested too deeply") from None
        finally:
            loader.dispose()

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        lines: dict[str, int] = {}
        loader = _JsonLoader(self._text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        if node is not None:
            _note_lines(node, "", lines)
        return lines


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written."""

    file: SourceFile
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What was read, of one file or several, and where its parts were written."""

    data: Any
    places: Mapping[str, Place] = field(repr=False)
    """By JSON pointer; a part without a place of its own stands where the part around it does."""

    def place(self, pointer: str) -> Place:
        """Where the part at a pointer was written."""
        around = pointer
        while around not in self.places:
            around = around.rpartition("/")[0]
        place = self.places[around]
        return Place(place.file, place.pointer + pointer[len(around) :])

    def error(self, pointer: str, message: str) -> FixtureError:
        """An error at a pointer."""
        place = self.place(pointer)
        return place.file.error(place.pointer, message)

    def at(self, pointer: str) -> Any:
        """The part at a pointer."""
        part = self.data
        for step in pointer.split("/")[1:]:
            part = part[int(step)] if isinstance(part, list) else part[_unescaped(step)]
        return part

    def check(self, pointer: str, validator: Draft202012Validator) -> None:
        """Raise FixtureError for the first thing that a JSON schema refuses in the part at `pointer`."""
        error = next(iter(validator.iter_errors(self.at(pointer))), None)
        if error is not None:
            message = error.message if len(error.message) <= _MOST_TEXT else f"{error.message[:_MOST_TEXT]}..."
            raise self.error(pointer + "".join(map(step_to, error.instance_path)), message)


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file; raises FixtureError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FixtureError(path, 1, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FixtureError(path, 1, "", "not a text in UTF-8") from None
    file = SourceFile(path, text)
    return Document(file.parse(), {"": Place(file)})


def step_to(key: object) -> str:
    """The last step of the JSON pointer to a part, by its key or number."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _note_lines(node: yaml.Node, pointer: str, lines: dict[str, int]) -> None:
    lines[pointer] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = pointer + step_to(key.value)
            _note_lines(value, inner, lines)
            lines[inner] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _note_lines(item, f"{pointer}/{number}", lines)


class _JsonLoader(yaml.CSafeLoader):
    """YAML that says what JSON could say: other types are errors, and times are the texts that were written."""

    def get_data(self) -> Any:
        """The content of the only document."""
        node = self.get_single_node()
        return None if node is None else self.construct_object(node, deep=True)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # as the base has it
        names = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _KEY_TAGS:
                raise _problem(key, "a key is no text: quote it")
            if key.value in names:
                raise _problem(key, f"the key {key.value} appears twice")
            names.add(key.value)
        return super().construct_mapping(node, deep=deep)


_KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


def _number(loader: _JsonLoader, node: yaml.ScalarNode) -> float:
    number = loader.construct_yaml_float(node)
    if not math.isfinite(number):
        raise _problem(node, f"{node.value} is no number that JSON has")
    return number


def _unknown(_: _JsonLoader, node: yaml.Node) -> None:
    raise _problem(node, f"the type {node.tag} is none that JSON has")


def _problem(node: yaml.Node, reason: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=reason, problem_mark=node.start_mark)


_JsonLoader.add_constructor("tag:yaml.org,2002:float", _number)
_JsonLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
for _kind in ("binary", "omap", "pairs", "set"):
    _JsonLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _unknown)
