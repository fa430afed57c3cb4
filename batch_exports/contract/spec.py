"""Reads the OpenAPI document: strictly, and keeping its source bytes, which are what clients are shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

FILE_NAME = "batch_exports.yaml"

_HERE = Path(__file__).parent
_BOOLEANS = {"true": True, "false": False}


class SpecError(Exception):
    """The OpenAPI document, or what should serve it, is not usable; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Spec:
    """An OpenAPI document with its source."""

    document: dict[str, Any]
    source: bytes = field(repr=False)

    @property
    def etag(self) -> str:
        """A strong validator of the source bytes."""
        return f'"{sha256(self.source).hexdigest()[:32]}"'

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object behind a node that may be a `$ref` (or a chain of them) into this document."""
        seen = set()
        while "$ref" in node:
            pointer = node["$ref"]
            if pointer in seen:
                raise SpecError(f"{pointer} refers to itself")
            seen.add(pointer)
            node = self._lookup(pointer)
        return node

    def _lookup(self, pointer: str) -> Mapping[str, Any]:
        if not pointer.startswith("#/"):
            raise SpecError(f"{pointer}: only references into the same document are supported")
        node: Any = self.document
        for part in pointer[2:].split("/"):
            try:
                node = node[part.replace("~1", "/").replace("~0", "~")]
            except (KeyError, TypeError):
                raise SpecError(f"{pointer} refers to nothing") from None
        if not isinstance(node, dict):
            raise SpecError(f"{pointer} does not refer to an object")
        return node


def references_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every object with a `$ref` that is written inside a node; none is followed."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node
        for each in node.values():
            yield from references_in(each)
    elif isinstance(node, list):
        for each in node:
            yield from references_in(each)


def find_spec() -> Path:
    """The contract that was packaged with the code, or else the checkout's."""
    packaged = _HERE / FILE_NAME
    return packaged if packaged.exists() else _HERE.parents[1] / "openapi" / FILE_NAME


def load_spec(path: Path | None = None) -> Spec:
    """Read an OpenAPI document; without a path, the product's own."""
    path = path or find_spec()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SpecError(f"cannot read the contract: {error}") from error
    return parse_spec(source, name=path.name)


def parse_spec(source: bytes, name: str = FILE_NAME) -> Spec:
    """Read an OpenAPI document from its YAML text."""
    try:
        # The loader is a safe one; it only refuses more than its base does.
        document = yaml.load(source, Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, SpecError) as error:
        raise SpecError(f"{name}: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise SpecError(f"{name}: not an OpenAPI document: `paths` is missing")
    return Spec(document, source)


class _StrictLoader(yaml.CSafeLoader):
    """YAML as its authors mean it: what YAML 1.1 would silently turn into something else is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        self.flatten_mapping(node)
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            # Status codes are often written as plain numbers; in JSON every key is a string.
            key = str(self.construct_object(key_node, deep=True))
            if key in mapping:
                raise _problem(key_node, f"the key {key} appears twice")
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _boolean(_: _StrictLoader, node: yaml.ScalarNode) -> bool:
    try:
        return _BOOLEANS[node.value]
    except KeyError:
        raise _problem(node, f"`{node.value}` means true or false to some readers only: quote it") from None


def _integer(_: _StrictLoader, node: yaml.ScalarNode) -> int:
    digits = node.value.removeprefix("-")
    if not digits.isdecimal() or (digits[0] == "0" and digits != "0"):
        raise _problem(node, f"`{node.value}` is a number to some readers only: quote it, or write plain digits")
    return int(node.value)


def _timestamp(_: _StrictLoader, node: yaml.ScalarNode) -> None:
    raise _problem(node, f"`{node.value}` is a date to some readers only: quote it")


def _problem(node: yaml.Node, reason: str) -> SpecError:
    return SpecError(f"line {node.start_mark.line + 1}: {reason}")


_StrictLoader.add_constructor("tag:yaml.org,2002:bool", _boolean)
_StrictLoader.add_constructor("tag:yaml.org,2002:int", _integer)
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
