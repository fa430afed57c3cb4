"""Property filters as SQL conditions.

A property is compared by its text: a string as it is, numbers and booleans as JSON writes them. A property that is
missing or null equals nothing, so that the negative operators let it pass. Where a filter has several values, one that
matches is enough (and for a negative operator, one is enough to refuse).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from batch_exports.domain.errors import PermanentFailure
from batch_exports.domain.filters import number_of
from batch_exports.sources import literals

_PROPERTY_COLUMNS = {"event": "properties", "person": "person_properties"}


class _Refused(Exception):
    """A filter cannot be carried out; the text says why, without naming the filter."""


def conditions(filters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Compile filters into conditions that all have to hold."""
    compiled = []
    for number, each in enumerate(filters, start=1):
        try:
            compiled.append(_condition(each))
        except _Refused as refusal:
            name = f"Filter {number} (type {each.get('type')!r}, key {each.get('key')!r})"
            raise PermanentFailure(f"{name} cannot be carried out: {refusal}. Correct the export's filters.") from None
    return compiled


def _condition(each: Mapping[str, Any]) -> str:
    kind, key = each.get("type"), each.get("key")
    if kind == "hogql":
        raise _Refused("this source does not evaluate expressions of type 'hogql'; use 'event' or 'person'")
    column = _PROPERTY_COLUMNS.get(str(kind))
    if column is None:
        raise _Refused("its type is none of 'event', 'person'")
    if not isinstance(key, str) or not key:
        raise _Refused("its key is no text")
    operator = each.get("operator") or "exact"
    compile_operator = _OPERATORS.get(str(operator))
    if compile_operator is None:
        raise _Refused(f"the operator {operator!r} is not known; known are {', '.join(_OPERATORS)}")
    name = literals.string(key)
    text = f"if(JSONType({column}, {name}) = 'Null', NULL, JSONExtractString({column}, {name}))"
    return compile_operator(text, each.get("value"))


def _is_set(text: str, value: Any) -> str:
    del value
    return f"({text}) IS NOT NULL"


def _any_of(compile_one: Callable[[str, Any], str]) -> Callable[[str, Any], str]:
    def compile_all(text: str, value: Any) -> str:
        values = value if isinstance(value, list | tuple) else [value]
        if not values:
            raise _Refused("its list of values is empty")
        alternatives = " OR ".join(compile_one(text, each) for each in values)
        return f"ifNull({alternatives}, 0)"

    return compile_all


def _not(compile_positive: Callable[[str, Any], str]) -> Callable[[str, Any], str]:
    return lambda text, value: f"NOT ({compile_positive(text, value)})"


def _exact(text: str, value: Any) -> str:
    same_text = f"({text}) = {literals.string(_as_text(value))}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return same_text
    return f"{same_text} OR ifNull(toFloat64OrNull({text}) = {_number(value)}, 0)"


def _contains(text: str, value: Any) -> str:
    return f"positionCaseInsensitiveUTF8({text}, {literals.string(_as_text(value))}) > 0"


def _matches(text: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _Refused("its value is no regular expression")
    return f"match({text}, {literals.string(value)})"


def _compares(sign: str) -> Callable[[str, Any], str]:
    return lambda text, value: f"ifNull(toFloat64OrNull({text}) {sign} {_number(value)}, 0)"


def _date_compares(sign: str) -> Callable[[str, Any], str]:
    def compile_date(text: str, value: Any) -> str:
        # The engine would read `2.5` as the second of May.
        shaped = rf"match({text}, '^\\d{{4}}-\\d\\d-\\d\\d')"
        parsed = rf"if({shaped}, accurateCastOrNull({text}, 'DateTime64(6, \'UTC\')'), NULL)"
        return f"ifNull({parsed} {sign} {literals.instant(_date(value))}, 0)"

    return compile_date


def _as_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(int(value)) if value.is_integer() else repr(value)
    raise _Refused("its value is no text, number or boolean")


def _number(value: Any) -> str:
    number = number_of(value)
    if number is None:
        raise _Refused("its value is no number")
    return f"toFloat64('{number!r}')"


def _date(value: Any) -> datetime:
    try:
        date = datetime.fromisoformat(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _Refused("its value is no ISO 8601 date") from None


_OPERATORS: Mapping[str, Callable[[str, Any], str]] = {
    "exact": _any_of(_exact),
    "is_not": _not(_any_of(_exact)),
    "icontains": _any_of(_contains),
    "not_icontains": _not(_any_of(_contains)),
    "regex": _any_of(_matches),
    "not_regex": _not(_any_of(_matches)),
    "gt": _compares(">"),
    "gte": _compares(">="),
    "lt": _compares("<"),
    "lte": _compares("<="),
    "is_set": _is_set,
    "is_not_set": _not(_is_set),
    "is_date_before": _date_compares("<"),
    "is_date_after": _date_compares(">"),
}
