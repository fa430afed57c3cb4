"""Reads the JSON of request bodies, refusing what parsers disagree about."""

import json
from typing import Any

import orjson

from batch_exports.contract.errors import ApiError, invalid, parse_error
from batch_exports.contract.request import Limits

_SAFE_INTEGER = 2**53


def parse_json(raw: bytes, limits: Limits) -> Any:
    """The value of a JSON text; ApiError for one that is not strict JSON, holds a NUL, or is too deep or too large."""
    containers = raw.count(b"[") + raw.count(b"{")
    if containers > limits.nesting and _depth(raw) > limits.nesting:
        raise parse_error(f"nested deeper than {limits.nesting} levels")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise parse_error(str(error)) from None
    # Looking for the first thing that is wrong takes time for each thing that is.
    if containers + raw.count(b",") > limits.values and _entries(value) > limits.values:
        raise invalid(f"The request body holds more than {limits.values} values.")
    canonical = orjson.dumps(value)
    # Dropping a repeated key drops its colon; only an escaped colon could make up for it.
    if raw != canonical and (raw.count(b":") != canonical.count(b":") or b"\\u003" in raw):
        json.loads(raw, object_pairs_hook=_unique)
    if b"\\u0000" in raw and _has_nul(value):
        raise parse_error("the character NUL is not allowed")
    # JSON has one kind of number: 5.0 is the integer 5, and code that expects integers must get one.
    return _with_integers(value) if b".0" in canonical else value


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            in_string = escaped or byte != ord('"')
            escaped = not escaped and byte == ord("\\")
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
        else:
            in_string = byte == ord('"')
    return deepest


def _entries(value: Any) -> int:
    match value:
        case list():
            return len(value) + sum(map(_entries, value))
        case dict():
            return len(value) + sum(map(_entries, value.values()))
    return 0


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _repeated_key(repeated)
    return value


def _repeated_key(name: str) -> ApiError:
    return parse_error(f"the key {name[:100]!r} appears twice")


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_has_nul, value))
        case dict():
            return any(map(_has_nul, value)) or any(map(_has_nul, value.values()))
    return False


def _with_integers(value: Any) -> Any:
    match value:
        case float() if value.is_integer() and abs(value) < _SAFE_INTEGER:
            return int(value)
        case list():
            return [_with_integers(item) for item in value]
        case dict():
            return {key: _with_integers(item) for key, item in value.items()}
    return value
