"""Values against schemas: quick to accept, and careful to name the first thing that is wrong."""

from collections.abc import Iterator
from typing import Any

from batch_exports.contract.errors import ApiError
from batch_exports.contract.fields import FieldOrder
from batch_exports.contract.schemas import Mode, Schema, Schemas
from batch_exports.contract.spec import Spec
from batch_exports.contract.violations import Details, Violation, violations


class Check:
    """One schema to hold values against."""

    __slots__ = ("_details", "_order", "_schema", "_validator", "is_valid")

    def __init__(self, schema: Schema, schemas: Schemas, order: FieldOrder, details: Details) -> None:
        self._schema = schema
        self._order = order
        self._details = details
        self._validator = schemas.validator(schema)
        self.is_valid = self._validator.is_valid

    def violation(self, value: Any) -> Violation:
        """The first thing that is wrong with an invalid value, in the order in which the schema lists its fields."""
        found = violations(self._validator.iter_errors(value), self._details)
        return min(found, key=lambda one: (self._order.rank(self._schema, value, one.place), one.weight))

    def refusal(self, value: Any, at: str | None = None) -> ApiError:
        """The answer to an invalid value; `at` names the field that holds it."""
        return self.violation(value).error(at)


class Checks:
    """Every check of one document."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._order = FieldOrder(spec)
        self._schemas = {mode: Schemas(spec, mode) for mode in Mode}
        self._details = dict(_pattern_details(spec.document))
        self._named: dict[str, Check] = {}

    def incoming(self, schema: Schema) -> Check:
        """The check of a value that a client sends."""
        return Check(schema, self._schemas[Mode.REQUEST], self._order, self._details)

    def outgoing(self, schema: Schema) -> Check:
        """The check of a value that the server sends."""
        return Check(schema, self._schemas[Mode.RESPONSE], self._order, self._details)

    def require(self, schema_name: str, value: Any, at: str) -> None:
        """Raise the refusal of a value that breaks a named schema of the document."""
        if schema_name not in self._named:
            self._named[schema_name] = self.incoming({"$ref": f"#/components/schemas/{schema_name}"})
        check = self._named[schema_name]
        if not check.is_valid(value):
            raise check.refusal(value, at)


def _pattern_details(node: Any) -> Iterator[tuple[str, str]]:
    """The `x-detail` beside every pattern of a document: what is said of a value that does not match."""
    if isinstance(node, dict):
        if "x-detail" in node:
            yield node["pattern"], node["x-detail"]
        for value in node.values():
            yield from _pattern_details(value)
    elif isinstance(node, list):
        for value in node:
            yield from _pattern_details(value)
