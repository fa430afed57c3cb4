"""Where the contract says what a refused request should have been."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from batch_exports.contract.body import JSON
from batch_exports.contract.errors import ApiError
from batch_exports.contract.json_text import parse_json
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Limits
from batch_exports.contract.router import is_parameter
from batch_exports.contract.schemas import Schema, discriminated
from batch_exports.contract.spec import Spec
from mock_server.journal.redaction import is_secret, redact

_LONGEST_VALUE = 100
_ATTR_SEPARATOR = "__"

Pointed = tuple[str, Any]
"""A JSON pointer into the contract, and what it points to."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the contract, and what a request had for it."""

    pointer: str
    given: str = ""
    """As JSON; empty where there was nothing, or nothing that may be shown."""

    def __str__(self) -> str:
        """As a person reads it."""
        return self.pointer + (f", given {self.given}" if self.given else "")


def parameters_of(operation: OperationSpec) -> dict[tuple[str, str], Pointed]:
    """The parameters of an operation by place and name."""
    spec = operation.document
    item = spec.document["paths"][operation.path]
    path = f"#/paths/{operation.path.replace('~', '~0').replace('/', '~1')}"
    method = operation.method.lower()
    found: dict[tuple[str, str], Pointed] = {}
    for holder, at in ((item, path), (item[method], f"{path}/{method}")):
        for index, each in enumerate(holder.get("parameters", ())):
            declared = spec.resolve(each)
            pointer = each.get("$ref", f"{at}/parameters/{index}")
            found[declared["in"], declared["name"]] = pointer, declared
    return found


def path_texts(operation: OperationSpec, path: str) -> dict[str, str]:
    """What stands in a path where the template has parameters, by their names."""
    segments = operation.path.strip("/").split("/")
    texts = path.strip("/").split("/")[-len(segments) :]
    return {name[1:-1]: text for name, text in zip(segments, texts, strict=False) if is_parameter(name)}


def read_body(operation: OperationSpec, raw: bytes | bytearray | None) -> Any:
    """The body of a request as its operation reads it; None where it cannot."""
    if operation.body is None or raw is None:
        return None
    try:
        return parse_json(bytes(raw), Limits()) if raw else {}
    except ApiError:
        return None


def body_schema(operation: OperationSpec) -> Schema:
    """The schema of an operation's request body."""
    schema: Schema = {} if operation.body is None else operation.body["content"][JSON]["schema"]
    return schema


def keyword_place(spec: Spec, location: str, path: Sequence[str | int], value: Any) -> Place | None:
    """The place of a keyword that the validator names by its absolute location."""
    parts, node = [], spec.document
    for part in location.rpartition("#")[2].split("/")[1:]:
        inner = _inner(node, part.replace("~1", "/").replace("~0", "~"))
        if inner is None:
            # The validator's schema has keywords that the document writes in another way.
            break
        parts.append(part)
        node = inner
    return Place("/".join(("#", *parts)), shown_value(path, value)) if parts else None


def field_place(spec: Spec, schema: Schema, value: Any, attr: str) -> Place | None:
    """The place of the field that an error names, or of the nearest one around it."""
    steps = attr.split(_ATTR_SEPARATOR)
    for length in range(len(steps), 0, -1):
        pointer = _find(spec, schema, "", value, steps[:length])
        if pointer is not None:
            return Place(pointer, shown_value(steps, _reach(value, steps)))
    return None


def shown_value(path: Sequence[str | int], value: Any) -> str:
    """A value as JSON, if it is a short one that may be shown."""
    if value is None or isinstance(value, dict | list) or any(is_secret(str(step)) for step in path):
        return ""
    text = orjson.dumps(redact(value)).decode()
    return text if len(text) <= _LONGEST_VALUE else ""


def _find(spec: Spec, schema: Schema, pointer: str, value: Any, steps: Sequence[str]) -> str | None:
    while "$ref" in schema:
        pointer = schema["$ref"]
        schema = spec.resolve({"$ref": pointer})
    if not steps:
        return pointer or None
    step, rest = steps[0], steps[1:]
    inner = _inner(value, step)
    if step in schema.get("properties", {}):
        return _find(spec, schema["properties"][step], f"{pointer}/properties/{step}", inner, rest)
    if step.isdecimal() and "items" in schema:
        return _find(spec, schema["items"], f"{pointer}/items", inner, rest)
    return next(
        filter(None, (_find(spec, part, at, value, steps) for part, at in _parts(schema, pointer, value))), None
    )


def _parts(schema: Schema, pointer: str, value: Any) -> Iterator[tuple[Schema, str]]:
    if "discriminator" in schema:
        reference = discriminated(schema).get(str(_inner(value, schema["discriminator"]["propertyName"])))
        if reference is not None:
            yield {"$ref": reference}, reference
    for keyword in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(keyword, ())):
            yield part, f"{pointer}/{keyword}/{index}"


def _reach(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        value = _inner(value, step)
    return value


def _inner(value: Any, step: str) -> Any:
    match value:
        case Mapping():
            return value.get(step)
        case list() if step.isdecimal() and int(step) < len(value):
            return value[int(step)]
    return None
