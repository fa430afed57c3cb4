"""The types of request bodies, generated from the schemas of the contract."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batch_exports.contract.body import JSON
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import Spec, references_in
from batch_exports.stubs.formatting import formatted
from batch_exports.stubs.tools import ask

BODIES = "handlers._bodies"
"""The module that has them."""

_HEADER = '"""Request bodies, generated from the contract by `batch-exports stubs`: for type checkers, never loaded."""'
_GENERATOR = "datamodel-codegen"
_MOST_VALUES = 50
# Absent, null and a value stay three things: `strict-nullable`. Annotations are not evaluated, so no order matters.
_OPTIONS = (
    *("--input-file-type", "openapi", "--openapi-scopes", "schemas"),
    *("--output-model-type", "typing.TypedDict", "--no-use-closed-typed-dict"),
    *("--strict-nullable", "--enum-field-as-literal", "all"),
    *("--target-python-version", "3.11", "--use-union-operator", "--use-standard-collections"),
    *("--disable-timestamp", "--formatters", "builtin"),
    *("--custom-file-header", _HEADER),
)


def body_types(spec: Spec, folder: Path) -> str:
    """The module with a type for each named schema that a request body is made of; ToolError if none can be made."""
    schemas = spec.document.get("components", {}).get("schemas", {})
    used = set(_used_by_bodies(spec))
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Request bodies", "version": "1"},
        "paths": {},
        "components": {"schemas": {name: _brief(each) for name, each in schemas.items() if name in used}},
    }
    return formatted(ask(_GENERATOR, _OPTIONS, json.dumps(document), folder), folder / "_bodies.py")


def _brief(schema: Any) -> Any:
    """A schema whose long lists of values (time zones) are texts to a reader."""
    if isinstance(schema, dict):
        kept = {key: each for key, each in schema.items() if key != "enum" or len(each) <= _MOST_VALUES}
        return {key: _brief(each) for key, each in kept.items()}
    return [_brief(each) for each in schema] if isinstance(schema, list) else schema


def _used_by_bodies(spec: Spec) -> Iterator[str]:
    bodies = (each.body for each in describe_operations(spec, lambda *_: None))
    pending = [body["content"][JSON]["schema"] for body in bodies if body is not None]
    seen: set[str] = set()
    while pending:
        for reference in references_in(pending.pop()):
            pointer = reference["$ref"]
            if pointer not in seen:
                seen.add(pointer)
                pending.append(spec.resolve(reference))
                yield pointer.rpartition("/")[2]
