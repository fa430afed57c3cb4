"""What the validator says about a value, in PostHog's codes and sentences."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema_rs import ValidationError, ValidationErrorKind

from batch_exports.contract.errors import ApiError

Path = tuple[str | int, ...]
Answer = tuple[str, str]

Details = Mapping[str, str]
"""From each pattern of a document to the sentence that refuses what does not match it."""

_ECHO_LIMIT = 100
_NAMES_LIMIT = 20
_MISFITS = {
    "integer": "A valid integer is required.",
    "number": "A valid number is required.",
    "string": "Not a valid string.",
    "boolean": "Must be a valid boolean.",
}
_FORMATS = {
    "uuid": "Must be a valid UUID.",
    "date-time": (
        "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
    ),
    "date": "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.",
    "uri": "Enter a valid URL.",
    "email": "Enter a valid email address.",
}
_BOUNDS = {
    "minimum": ("min_value", "greater than or equal to"),
    "maximum": ("max_value", "less than or equal to"),
    "exclusiveMinimum": ("min_value", "greater than"),
    "exclusiveMaximum": ("max_value", "less than"),
}
_SIZES = {
    "minLength": ("min_length", "at least", "characters"),
    "maxLength": ("max_length", "no more than", "characters"),
    "minItems": ("min_length", "at least", "elements"),
    "maxItems": ("max_length", "no more than", "elements"),
    "minProperties": ("min_length", "at least", "entries"),
    "maxProperties": ("max_length", "no more than", "entries"),
}
_OTHERS = {
    "pattern": "This value does not match the required pattern.",
    "uniqueItems": "The items must be unique.",
    "falseSchema": "This field may not be present.",
}
# Python takes the zero-width ones for no spaces.
_BLANK = re.compile(r"[\s\u200b\ufeff]*")
# Where several errors meet at one place, an earlier one says more.
_TELLING = ("additionalProperties", "required", "enum", "const", "type")


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong at one place of a value."""

    path: Path
    code: str
    detail: str
    place: Path
    weight: int
    source: ValidationError = field(repr=False)
    """What the validator said: which keyword of which schema, about which value."""

    def error(self, at: str | None = None) -> ApiError:
        """The answer that reports it; `at` names the field that holds the checked value."""
        parts = self.path if at is None else (at, *self.path)
        return ApiError(400, self.code, self.detail, "__".join(map(str, parts)) or None)


def violations(errors: Iterable[ValidationError], details: Details) -> Iterator[Violation]:
    """Every error, alternatives replaced by the errors of the one that was most likely meant."""
    for error in errors:
        match error.kind:
            case ValidationErrorKind.AnyOf(branches) | ValidationErrorKind.OneOfNotValid(branches):
                yield from violations(_meant(error, branches), details)
            case _:
                yield _violation(error, details)


def _meant(error: ValidationError, branches: Sequence[Sequence[ValidationError]]) -> Sequence[ValidationError]:
    for branch in branches:
        if not any(found.kind.name == "type" and found.instance_path == error.instance_path for found in branch):
            return branch
    return branches[0]


def _violation(error: ValidationError, details: Details) -> Violation:
    path = tuple(error.instance_path)
    kind, value = error.kind, error.instance
    weight = _TELLING.index(kind.name) if kind.name in _TELLING else len(_TELLING)
    match kind:
        case ValidationErrorKind.Required(name):
            path = (*path, name)
            return Violation(path, "required", "This field is required.", path, weight, error)
        case ValidationErrorKind.AdditionalProperties(names):
            return Violation(path, "invalid_input", _unknown(path, names), (*path, names[0]), weight, error)
    code, detail = ("null", "This field may not be null.") if value is None else _answer(kind, value, details)
    return Violation(path, code, detail, path, weight, error)


def _unknown(path: Path, names: Sequence[str]) -> str:
    owner = str(path[-1]) if path else "request"
    title = "Configuration" if owner == "config" else owner.capitalize()
    named = ", ".join(repr(_short(name)) for name in sorted(names)[:_NAMES_LIMIT])
    return f"{title} has unknown field/s: {named}{', ...' if len(names) > _NAMES_LIMIT else ''}"


def _answer(kind: ValidationErrorKind, value: Any, details: Details) -> Answer:
    match kind:
        case ValidationErrorKind.Enum() | ValidationErrorKind.Constant():
            return "invalid_choice", f'"{_echo(value)}" is not a valid choice.'
        case ValidationErrorKind.Type(types):
            return _misfit(types, value)
        case ValidationErrorKind.Format(name):
            return "invalid_input", _FORMATS.get(name, f"Not a valid {name}.")
        case ValidationErrorKind.MultipleOf(number):
            return "invalid_input", f"Ensure this value is a multiple of {number}."
    return _emptiness(kind, value) or _limit(kind, details)


def _emptiness(kind: ValidationErrorKind, value: Any) -> Answer | None:
    if value == [] and kind.name == "minItems":
        return "empty", "This list may not be empty."
    if isinstance(value, str) and _BLANK.fullmatch(value) and kind.name in {"minLength", "pattern"}:
        return "blank", "This field may not be blank."
    return None


def _limit(kind: ValidationErrorKind, details: Details) -> Answer:
    if kind.name in _BOUNDS:
        code, relation = _BOUNDS[kind.name]
        return code, f"Ensure this value is {relation} {kind.value}."
    if kind.name in _SIZES:
        code, relation, unit = _SIZES[kind.name]
        return code, f"Ensure this field has {relation} {kind.value} {unit}."
    said = details.get(kind.value) if kind.name == "pattern" else None
    return "invalid_input", said or _OTHERS.get(kind.name, "Not a valid value.")


def _misfit(types: Sequence[str], value: Any) -> Answer:
    expected = next((name for name in types if name != "null"), "null")
    got = type(value).__name__
    if expected == "array":
        return "not_a_list", f'Expected a list of items but got type "{got}".'
    if expected == "object":
        return "invalid_input", f"Invalid data. Expected a dictionary, but got {got}."
    return "invalid_input", _MISFITS.get(expected, "Not a valid value.")


def _echo(value: Any) -> str:
    return _short(value if isinstance(value, str) else orjson.dumps(value).decode())


def _short(text: str) -> str:
    return text if len(text) <= _ECHO_LIMIT else text[:_ECHO_LIMIT] + "..."
