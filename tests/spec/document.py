"""The contract as plain data, and ways through it, for the tests that hold it to its own rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from batch_exports.contract.resolver import HandlerResolver

ROOT = Path(__file__).parents[2]
PATH = ROOT / "openapi" / "batch_exports.yaml"
METHODS = ("get", "post", "put", "patch", "delete")

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation, with the parameters of its path item among its own."""

    path: str
    method: str
    node: Json
    parameters: list[Json]

    @property
    def id(self) -> str:
        return self.node["operationId"]

    @property
    def body(self) -> Json | None:
        return resolve(self.node["requestBody"]) if "requestBody" in self.node else None

    @property
    def successes(self) -> dict[str, Json]:
        return {status: resolve(each) for status, each in self.node["responses"].items() if status < "300"}

    @property
    def errors(self) -> dict[str, Json]:
        return {status: each for status, each in self.node["responses"].items() if status >= "300"}

    @property
    def links(self) -> dict[str, Json]:
        nodes = [response.get("links", {}) for response in self.successes.values()]
        return {name: resolve(link) for links in nodes for name, link in links.items()}


@cache
def document() -> Json:
    return yaml.load(PATH.read_bytes(), Loader=yaml.CSafeLoader)


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(path, method, item[method], [resolve(each) for each in _parameters(item, item[method])])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    )


@cache
def implemented() -> tuple[Operation, ...]:
    """The operations that have a handler: all but those whose handler is a stub so far."""
    resolve = HandlerResolver("handlers")
    return tuple(each for each in operations() if resolve(each.id, each.node["tags"][0]) is not None)


def schemas() -> dict[str, Json]:
    return document()["components"]["schemas"]


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def walk(node: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """A node and all that is written inside it, with their places; references are not followed."""
    yield place, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{place}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walk(value, f"{place}/{number}")


def subschemas(schema: Any, place: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Json]]:
    """A schema and every schema reached from it, references resolved, each with its place."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from subschemas(resolve(schema), name, seen | {name})
        return
    yield place, schema
    for name, value in schema.get("properties", {}).items():
        yield from subschemas(value, f"{place}.{name}", seen)
    if "items" in schema:
        yield from subschemas(schema["items"], f"{place}[]", seen)
    for keyword in ("oneOf", "anyOf", "allOf"):
        for number, value in enumerate(schema.get(keyword, ())):
            yield from subschemas(value, f"{place}|{number}", seen)


def media_schema(content: Json) -> Json:
    return content["content"]["application/json"]["schema"]


def request_schemas() -> dict[str, Json]:
    """Every schema that a request may bring, bodies and parameters, by its place."""
    roots = {f"{each.id} body": media_schema(each.body) for each in operations() if each.body}
    roots |= {f"{each.id} {p['name']}": p["schema"] for each in operations() for p in each.parameters}
    return {place: schema for name, root in roots.items() for place, schema in subschemas(root, name)}


def response_schemas() -> dict[str, Json]:
    """Every schema that an answer may have, bodies and headers, by its place."""
    answers = {f"{each.id} {status}": answer for each in operations() for status, answer in each.successes.items()}
    answers |= document()["components"]["responses"]
    roots = {name: media_schema(answer) for name, answer in answers.items() if "content" in answer}
    roots |= {name: header["schema"] for name, header in document()["components"]["headers"].items()}
    return {place: schema for name, root in roots.items() for place, schema in subschemas(root, name)}


def _parameters(item: Json, node: Json) -> list[Json]:
    return [*item.get("parameters", ()), *node.get("parameters", ())]
