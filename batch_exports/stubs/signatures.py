"""What a handler takes and gives, as its operation has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_exports.contract.body import JSON
from batch_exports.contract.compiler import PROJECT
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.params import python_name
from batch_exports.contract.signatures import BODY
from batch_exports.contract.spec import Spec, SpecError

PLAIN_BODIES = ("Json", "dict[str, Any]", "Mapping[str, Any]")
"""Types that are true of any object."""

_ORDER = ("path", BODY, "query", "header")
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a handler; it is always passed, by name."""

    name: str
    type: str
    place: str
    optional: bool
    """Whether a request may leave it out."""
    default: Any = None
    """What the handler gets then."""
    model: str | None = field(default=None, kw_only=True)
    """The schema of a body, if it has a name."""

    @property
    def may_be_none(self) -> bool:
        """Whether the handler can get None."""
        return self.optional and self.default is None


def arguments_of(operation: OperationSpec) -> list[Argument]:
    """The arguments of an operation's handler, besides the context; SpecError for a type that none can have."""
    spec = operation.document
    found = [_argument(each, spec) for each in _parameters(operation)]
    if operation.body is not None:
        found.append(_body(operation.body))
    return sorted(found, key=lambda each: _ORDER.index(each.place))


def result_of(operation: OperationSpec) -> str:
    """The type of what a handler returns on success."""
    success = operation.responses.get(str(operation.success_status), {})
    if success.get("headers"):
        return "Answer"
    return "Json" if success.get("content") else "None"


def _parameters(operation: OperationSpec) -> list[Mapping[str, Any]]:
    spec = operation.document
    item = spec.document["paths"][operation.path]
    declared = [*item.get("parameters", ()), *item[operation.method.lower()].get("parameters", ())]
    by_name = {(each["in"], each["name"]): each for each in map(spec.resolve, declared)}
    return [each for (place, name), each in by_name.items() if name != PROJECT and place in _ORDER]


def _argument(declared: Mapping[str, Any], spec: Spec) -> Argument:
    schema = spec.resolve(declared.get("schema", {}))
    place = declared["in"]
    return Argument(
        python_name(declared["name"], place),
        _type(declared["name"], schema, spec),
        place,
        not declared.get("required", False),
        schema.get("default"),
    )


def _body(declared: Mapping[str, Any]) -> Argument:
    name = declared["content"][JSON]["schema"].get("$ref", "").rpartition("/")[2]
    model = name if name.isidentifier() else None
    return Argument(BODY, model or PLAIN_BODIES[0], BODY, not declared.get("required", False), model=model)


def _type(name: str, schema: Mapping[str, Any], spec: Spec) -> str:
    kind = schema.get("type", "string")
    if kind == "array":
        return f"list[{_type(name, spec.resolve(schema['items']), spec)}]"
    if kind not in _TYPES:
        raise SpecError(f"parameter {name}: type {kind} is not supported in a parameter")
    return "UUID" if schema.get("format") == "uuid" and kind == "string" else _TYPES[kind]
