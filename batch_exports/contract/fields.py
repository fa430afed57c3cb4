"""The order in which the contract declares its fields, which is the order in which the first error is looked for."""

from collections.abc import Sequence
from typing import Any

from batch_exports.contract.schemas import Schema, discriminated
from batch_exports.contract.spec import Spec

_UNKNOWN = -1
"""Unknown fields come before the known ones of their object: a misspelt name explains the missing one."""

Path = Sequence[str | int]


class FieldOrder:
    """Ranks places in a value by the schema that the value was checked against."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def rank(self, schema: Schema, value: Any, path: Path) -> tuple[int, ...]:
        """A sort key for a place in the value: outer before inner, and siblings as the schema lists them."""
        ranks: list[int] = []
        for step in path:
            if isinstance(step, int):
                ranks.append(step)
                schema = self._items(schema)
            else:
                fields = self._fields(schema, value)
                ranks.append(list(fields).index(step) if step in fields else _UNKNOWN)
                schema = fields.get(step, {})
            value = _inner(value, step)
        return tuple(ranks)

    def _fields(self, schema: Schema, value: Any) -> dict[str, Schema]:
        schema = self._spec.resolve(schema)
        fields: dict[str, Schema] = {}
        for part in self._parts(schema, value):
            fields |= self._fields(part, value)
        fields |= schema.get("properties", {})
        return fields

    def _parts(self, schema: Schema, value: Any) -> list[Schema]:
        parts = list(schema.get("allOf", ()))
        if "discriminator" not in schema:
            return [*parts, *schema.get("oneOf", ()), *schema.get("anyOf", ())]
        chosen = _inner(value, schema["discriminator"]["propertyName"])
        reference = discriminated(schema).get(chosen) if isinstance(chosen, str) else None
        return parts if reference is None else [*parts, {"$ref": reference}]

    def _items(self, schema: Schema) -> Schema:
        items: Schema = self._spec.resolve(schema).get("items", {})
        return items


def _inner(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None
