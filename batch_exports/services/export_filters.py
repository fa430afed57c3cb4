"""Checks that runs can carry out an export's filters, whose shape the contract has checked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from batch_exports.domain.errors import Invalid
from batch_exports.domain.filters import number_of
from batch_exports.domain.times import read_time

Filter = Mapping[str, Any]

_ECHO_LIMIT = 100
_WITHOUT_VALUE = frozenset({"is_set", "is_not_set"})
_OF_ONE_VALUE = frozenset({"gt", "gte", "lt", "lte", "is_date_before", "is_date_after"})


def check_filters(filters: Sequence[Filter]) -> None:
    """Raise Invalid for the first filter that no run could carry out; `attr` leads down to what is wrong."""
    for number, each in enumerate(filters):
        if each["type"] == "hogql":
            text = "This service evaluates no expressions: use filters of the types 'event' and 'person'."
            raise Invalid(text, attr=f"filters__{number}__type")
        operator = each.get("operator", "exact")
        if operator not in _WITHOUT_VALUE:
            _check_values(operator, each, f"filters__{number}__value")


def _check_values(operator: str, each: Filter, attr: str) -> None:
    if "value" not in each:
        raise Invalid("This field is required.", code="required", attr=attr)
    value = each["value"]
    if operator in _OF_ONE_VALUE or not isinstance(value, list):
        _check_value(operator, value, attr)
        return
    if not value:
        raise Invalid("This list may not be empty.", code="empty", attr=attr)
    for number, item in enumerate(value):
        _check_value(operator, item, f"{attr}__{number}")


def _check_value(operator: str, value: Any, attr: str) -> None:
    if value is None:
        raise Invalid("This field may not be null.", code="null", attr=attr)
    if operator in _CHECKS:
        _CHECKS[operator](value, attr)


def _check_number(value: Any, attr: str) -> None:
    if number_of(value) is None:
        raise Invalid("A valid number is required.", attr=attr)


def _check_text(value: Any, attr: str) -> None:
    if not isinstance(value, str):
        raise Invalid("Not a valid string.", attr=attr)


def _check_time(value: Any, attr: str) -> None:
    _check_text(value, attr)
    read_time(value, attr=attr)


def _check_pattern(value: Any, attr: str) -> None:
    # Loaded with the first pattern, since few exports have one.
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415

    _check_text(value, attr)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")[:_ECHO_LIMIT]
        raise Invalid(f"Not a regular expression that RE2 understands: {reason}", attr=attr) from None


_CHECKS: Mapping[str, Callable[[Any, str], None]] = {
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _check_number),
    **dict.fromkeys(("is_date_before", "is_date_after"), _check_time),
    **dict.fromkeys(("regex", "not_regex"), _check_pattern),
}
