"""Turns the schemas of OpenAPI 3.0 into JSON Schema 2020-12 validators that are compiled once, at start-up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, Registry

from batch_exports.contract.spec import Spec

Schema = Mapping[str, Any]

_SAME_MEANING = (
    "type", "enum", "format", "pattern", "minLength", "maxLength", "multipleOf", "minItems", "maxItems",
    "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip
_COMBINATIONS = ("allOf", "anyOf", "oneOf")
_INTEGER_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Mode(StrEnum):
    """Whether values come in, where read-only properties need not be, or go out, where write-only ones must not be."""

    REQUEST = "request"
    RESPONSE = "response"


class Schemas:
    """Every schema of one document, in one mode; references stay references, so that recursion costs nothing."""

    def __init__(self, spec: Spec, mode: Mode) -> None:
        self._spec = spec
        self._mode = mode
        self._uri = f"urn:batch-exports:{mode}"
        self._compiled: dict[bytes, Draft202012Validator] = {}
        named = spec.document.get("components", {}).get("schemas", {})
        converted = {name: self.convert(schema) for name, schema in named.items()}
        self._registry = Registry([(self._uri, {"components": {"schemas": converted}})])

    def validator(self, schema: Schema) -> Draft202012Validator:
        """The validator of a schema; equal schemas share one."""
        converted = self.convert(schema)
        key = orjson.dumps(converted)
        if key not in self._compiled:
            self._compiled[key] = Draft202012Validator(converted, registry=self._registry, validate_formats=True)
        return self._compiled[key]

    def convert(self, schema: Schema) -> dict[str, Any]:
        """The same schema in JSON Schema 2020-12."""
        if "$ref" in schema:
            return {"$ref": self._uri + schema["$ref"]}
        converted = {key: schema[key] for key in _SAME_MEANING if key in schema}
        converted |= _bounds(schema) | self._object_keywords(schema) | self._choices(schema)
        for key in ("items", "not"):
            if key in schema:
                converted[key] = self.convert(schema[key])
        return _nullable(schema, converted) if schema.get("nullable") else converted

    def _object_keywords(self, schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties", {})
        converted: dict[str, Any] = {}
        if properties:
            converted["properties"] = {name: self._property(value) for name, value in properties.items()}
        required = [name for name in schema.get("required", ()) if not self._may_be_absent(properties.get(name, {}))]
        if required:
            converted["required"] = required
        extra = schema.get("additionalProperties")
        if extra is not None:
            converted["additionalProperties"] = extra if isinstance(extra, bool) else self.convert(extra)
        return converted

    def _property(self, schema: Schema) -> dict[str, Any] | bool:
        if self._mode is Mode.RESPONSE and self._spec.resolve(schema).get("writeOnly"):
            return False
        return self.convert(schema)

    def _may_be_absent(self, schema: Schema) -> bool:
        flag = "writeOnly" if self._mode is Mode.RESPONSE else "readOnly"
        return bool(self._spec.resolve(schema).get(flag))

    def _choices(self, schema: Schema) -> dict[str, Any]:
        if "discriminator" in schema:
            return self._discriminated(schema)
        return {key: [self.convert(part) for part in schema[key]] for key in _COMBINATIONS if key in schema}

    def _discriminated(self, schema: Schema) -> dict[str, Any]:
        """The branch that the discriminator names and no other: faster, and its errors are the errors of the value."""
        name = schema["discriminator"]["propertyName"]
        branches = discriminated(schema)
        chooser = {"type": "object", "properties": {name: {"enum": list(branches)}}, "required": [name]}
        parts = [self.convert(part) for part in schema.get("allOf", ())]
        chosen: dict[str, Any] = {}
        for value, reference in reversed(branches.items()):
            named = {"properties": {name: {"const": value}}, "required": [name]}
            chosen = {"if": named, "then": {"$ref": self._uri + reference}, "else": chosen}
        return {"allOf": [chooser, *parts, chosen]}


def discriminated(schema: Schema) -> dict[str, str]:
    """From each value of a schema's discriminator to the reference of its branch."""
    named = {value: _reference(target) for value, target in schema["discriminator"].get("mapping", {}).items()}
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if part["$ref"] not in named.values():
            named[part["$ref"].rpartition("/")[2]] = part["$ref"]
    return named


def _reference(target: str) -> str:
    return target if target.startswith("#") else f"#/components/schemas/{target}"


def _bounds(schema: Schema) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    low, high = _INTEGER_RANGES.get(schema.get("format", ""), (None, None))
    for key, exclusive, default in (
        ("minimum", "exclusiveMinimum", low),
        ("maximum", "exclusiveMaximum", high),
    ):
        limit = schema.get(key, default)
        if limit is not None:
            bounds[exclusive if schema.get(exclusive) is True else key] = limit
    return bounds


def _nullable(schema: Schema, converted: dict[str, Any]) -> dict[str, Any]:
    if "type" not in schema or any(key in schema for key in _COMBINATIONS):
        return {"if": {"type": "null"}, "else": converted}
    converted["type"] = [schema["type"], "null"]
    if "enum" in schema and None not in schema["enum"]:
        converted["enum"] = [*schema["enum"], None]
    return converted
