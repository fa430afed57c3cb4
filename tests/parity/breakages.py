"""Requests with one thing broken, made from the contract: each parameter, each field of each body, and HTTP itself."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tests.parity.programs import ABSENT, Call
from tests.parity.requests import EXAMPLES, HOUR, NOOP
from tests.spec.document import Operation, media_schema, operations, resolve

Json = dict[str, Any]
Schema = dict[str, Any]

_A_KIND_OF_EACH = {"string": "text", "number": 0.5, "integer": 7, "boolean": True, "array": [], "object": {}}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_LARGEST_BODY = 1024 * 1024
_FORMATTED = ("uuid", "date-time", "uri")
_TEXTS = (
    "",
    "{",
    "[]",
    "null",
    '"text"',
    "7",
    "NaN",
    '{"name": "a", "name": "b"}',
    '{"name": "\\ud800"}',
    '{"name": "\udcff"}',
    '{"name": "\\u0000"}',
    "[" * 2_000,
    '{"step": ' + "9" * 5_000 + "}",
    " " * (_LARGEST_BODY + 1),
)
_MEDIA = ("text/plain", "application/xml", "application/json; charset=utf-16", "application/problem+json", "json", None)
_KEYS = (None, "", "Bearer", "Bearer phx_false", "Basic YTpi", "read", "none", "other_project", "expired")
_IDS = ("0", "not-an-id", "$export-2", "$export-9", "$run-0", "00000000-0000-0000-0000-00000000000G", "@current")
_PROJECTS = ("2", "3", "0", "-1", "first", "@others", "99999999999")
_CURSORS = ("%", "bm9uc2Vuc2U", "WzAsIjIwMjYiLCJ4Il0", "W10", "x" * 501, "$cursor-0")
_HEADERS = {
    "Idempotency-Key": ("", "two words", "ä", "x" * 256),
    "If-Match": ("", "1", '"1', '"999999999999999999999"', "*, *", 'W/"1"', '"1",'),
}
_BASES: dict[str, list[Any]] = {
    "create_export": [each for name, each in EXAMPLES.items() if name.startswith("create_")] + [NOOP],
    "replace_export": [EXAMPLES["replace_s3_export"]],
    "update_export": [{"name": "Renamed", "destination": {"type": "S3", "config": {"region": "eu-west-1"}}}],
    "backfill_export": [HOUR],
    "create_backfill": [HOUR],
    "unpause_export": [{"backfill": False}],
    "run_new_test_step": [EXAMPLES["check_new_file_settings"]],
    "run_test_step": [{"step": 0, "destination": {"type": "S3", "config": {"region": "eu-west-1"}}}],
}


def bases(operation: Operation) -> list[Call]:
    """Requests of an operation that are right where two exports have a backfill each."""
    export = {"batch_export_id": "$export-0"} if "{batch_export_id}" in operation.path else {}
    if "{id}" in operation.path:
        export["id"] = {"runs": "$run-0", "backfills": "$backfill-0"}.get(operation.path.split("/")[4], "$export-0")
    query = [["destination", "S3"]] if operation.id == "list_test_steps" else []
    bodies = _BASES.get(operation.id, [{} if operation.body else ABSENT])
    return [Call(operation.id, export, query=query, body=body) for body in bodies]


def breakages(operation: Operation, *, every: int = 1) -> list[Call]:
    """Requests of an operation with one thing broken: all, or of those that need another body every so manieth."""
    first, *more = bases(operation)
    found = [*_broken_http(first), *_broken_parameters(operation, first)]
    if operation.body:
        schema = resolve(media_schema(operation.body))
        found += [*_broken_content(first), *(replace(first, body=each) for each in _broken(schema, first.body))]
        found += [call for base in more for call in _broken_destination(schema, base)][::every]
    return found


def _broken_destination(schema: Schema, base: Call) -> Iterator[Call]:
    broken = _broken(schema["properties"]["destination"], base.body["destination"])
    yield from (replace(base, body={**base.body, "destination": each}) for each in broken)


def _broken_http(base: Call) -> Iterator[Call]:
    served = {each.method.upper() for each in operations() if each.path == _path(base)}
    yield from (replace(base, method=method) for method in _METHODS if method not in served)
    yield from (replace(base, key=key) for key in _KEYS)
    yield replace(base, query=[*base.query, ["colour", "red"]])


def _broken_content(base: Call) -> Iterator[Call]:
    yield from (replace(base, body=ABSENT, text=text) for text in _TEXTS)
    yield from (replace(base, headers={"Content-Type": media}) for media in _MEDIA)


def _broken_parameters(operation: Operation, base: Call) -> Iterator[Call]:
    for parameter in operation.parameters:
        name, schema = parameter["name"], resolve(parameter["schema"])
        if parameter["in"] == "path":
            values = _PROJECTS if name == "project_id" else _IDS
            yield from (replace(base, path={**base.path, name: value}) for value in values)
        elif parameter["in"] == "header":
            yield from (replace(base, headers={name: value}) for value in _HEADERS[name])
        else:
            rest = [pair for pair in base.query if pair[0] != name]
            yield replace(base, query=rest)
            yield replace(base, query=[*rest, [name, "1"], [name, "1"]])
            texts = _CURSORS if name == "cursor" else _broken_texts(schema)
            yield from (replace(base, query=[*rest, [name, text]]) for text in texts)


def _broken_texts(schema: Schema) -> Iterator[str]:
    """Texts of a query that a schema does not allow."""
    schema = resolve(schema.get("items", schema))
    yield from ("", "no-such", "\0", "null")
    if schema["type"] == "integer":
        yield from (str(schema["minimum"] - 1), str(schema["maximum"] + 1), "1.0", "+1", "01", " 1", "9" * 400)
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)


def _broken(schema: Schema, value: Any) -> Iterator[Any]:
    """Values that a schema does not allow, each a right value with one thing broken."""
    schema = _chosen(resolve(schema), value)
    types = {schema["type"]} if "type" in schema else set()
    types |= {"integer"} if "number" in types else set()
    yield from (each for kind, each in _A_KIND_OF_EACH.items() if kind not in types)
    yield None
    yield from _out_of_bounds(schema)
    if isinstance(value, dict):
        yield from _broken_fields(schema, value)
    if "items" in schema:
        for each in _broken(schema["items"], value[0] if value else None):
            yield [each]


def _out_of_bounds(schema: Schema) -> Iterator[Any]:
    if schema.get("type") == "string":
        yield from ("", " ", "\0", "no such\n")
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "maxItems" in schema:
        yield [None] * (schema["maxItems"] + 1)


def _broken_fields(schema: Schema, value: Json) -> Iterator[Json]:
    for name, property_schema in schema.get("properties", {}).items():
        if name in value:
            yield {key: each for key, each in value.items() if key != name}
        for broken in _broken(property_schema, value.get(name)):
            yield {**deepcopy(value), name: broken}
    yield {**value, "no_such_field": 1}


def _chosen(schema: Schema, value: Any) -> Schema:
    """The alternative of a schema that a value is meant for."""
    if "discriminator" in schema and isinstance(value, dict):
        mark = schema["discriminator"]
        return resolve({"$ref": mark["mapping"][value[mark["propertyName"]]]})
    return schema


def _path(call: Call) -> str:
    return next(each.path for each in operations() if each.id == call.operation)
