"""Parts of a document that know where they stand, with references followed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from batch_exports.contract.spec import Spec, SpecError

_COMPONENT_DEPTH = 3

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a document, and the path of keys to it; it is never a reference, but what that refers to."""

    path: Path
    value: Any = field(compare=False, repr=False)
    document: Any = field(compare=False, repr=False)
    entry: Path = field(compare=False, repr=False)
    """Where it was come by: the path to the reference, if there was one."""

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def __getitem__(self, key: str | int) -> "Place":
        return self._inner((*self.path, str(key)), self.value[key])

    def _inner(self, path: Path, value: Any) -> "Place":
        target, seen = path, {path}
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            target, value = _referred(value["$ref"], self.document)
            if target in seen:
                raise SpecError(f"{pointer(target)} refers to itself")
            seen.add(target)
        return Place(target, value, self.document, path)

    def find(self, key: str) -> "Place | None":
        """The part under a key, if there is one."""
        if key not in self:
            return None
        return self[key]

    def entries(self) -> dict[str, "Place"]:
        """The parts of an object, by their keys."""
        return {key: self[key] for key in self.value}

    def items(self) -> Iterator["Place"]:
        """The parts of a list."""
        return (self[number] for number in range(len(self.value)))

    def entries_of(self, key: str) -> dict[str, "Place"]:
        """The parts of an object under a key, none if it is absent."""
        found = self.find(key)
        return {} if found is None else found.entries()

    @property
    def component(self) -> str | None:
        """The name under which it is a component, if it is one."""
        named = len(self.path) == _COMPONENT_DEPTH and self.path[0] == "components"
        return self.path[-1] if named else None


def top(spec: Spec) -> Place:
    """A whole document."""
    return Place((), spec.document, spec.document, ())


def pointer(path: Path) -> str:
    """A JSON pointer, as a fragment."""
    return "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _referred(reference: str, document: Any) -> tuple[Path, Any]:
    if not reference.startswith("#/"):
        raise SpecError(f"{reference}: only references into the same document are supported")
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/"))
    value = document
    for key in path:
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise SpecError(f"{reference} refers to nothing") from None
    return path, value


class Lines:
    """The lines of a document's parts; the text is looked through once, when the first is asked for."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._root: yaml.Node | None = None

    def of(self, path: Path) -> int:
        """The line of a part, or of the innermost part around it that is there."""
        if self._root is None:
            self._root = yaml.compose(self._source, Loader=yaml.CSafeLoader)
        line, node = 1, self._root
        for key in path:
            found = _child(node, key)
            if found is None:
                break
            line, node = found
        return line


def _child(node: yaml.Node | None, key: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        found = (entry for entry in node.value if entry[0].value == key)
        return next(((name.start_mark.line + 1, value) for name, value in found), None)
    if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
        value = node.value[int(key)]
        return value.start_mark.line + 1, value
    return None
