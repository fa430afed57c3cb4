"""Events checked and brought into the form of the staging table, a batch at a time.

Checks run over whole columns; only a column with a bad value is walked to find the row that has it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from batch_exports.sources.event_files import Problem, RawBatch

REQUIRED = ("event", "distinct_id", "timestamp")
_INSTANT: Any = pa.timestamp("us", tz="UTC")
_INSTANT_PATTERN = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?$"
_UUID_PATTERN = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_EARLIEST = pa.scalar(datetime(1970, 1, 1, tzinfo=UTC), _INSTANT)
_LATEST = pa.scalar(datetime(2106, 1, 1, tzinfo=UTC), _INSTANT)
_UUID_BYTES = 16
_EMPTY_OBJECT = b"{}"
# How the fast renderer writes whole numbers that the fast parser had to round.
_ROUNDED = b"e+"

STAGE_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("uuid", pa.string()),
        ("event", pa.string()),
        ("distinct_id", pa.string()),
        ("person_id", pa.string()),
        ("properties", pa.string()),
        ("person_properties", pa.string()),
        ("elements_chain", pa.string()),
        ("timestamp", _INSTANT),
        ("created_at", _INSTANT),
        ("inserted_at", _INSTANT),
    ]
)


class BadRows(Exception):
    """Rows of a batch are bad; `first` is the problem of the first of them."""

    def __init__(self, first: Problem) -> None:
        super().__init__(first.reason)
        self.first = first


class _BadValue(Exception):
    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def stage_batch(raw: RawBatch, project_id: int) -> pa.RecordBatch:
    """Check a batch and give its rows in the form of the staging table; raises BadRows."""
    problems = list(raw.problems)
    columns: dict[str, Any] = {}
    for name, convert in _CONVERSIONS.items():
        try:
            columns[name] = _required(name, convert(raw, name))
        except _BadValue as bad:
            problems.append(Problem(bad.index, f"{name}: {bad}"))
    if problems:
        raise BadRows(min(problems, key=lambda problem: problem.index))
    columns["elements_chain"] = columns["elements_chain"].fill_null("")
    columns["uuid"] = _with_derived_uuids(columns, project_id)
    columns["line"] = pa.array(raw.numbers, pa.int64())
    return pa.RecordBatch.from_arrays([columns[name] for name in STAGE_SCHEMA.names], schema=STAGE_SCHEMA)


def _required(name: str, array: Any) -> Any:
    if name not in REQUIRED:
        return array
    if array.null_count:
        raise _BadValue(_first_true(pc.is_null(array)), "is required")
    if pa.types.is_string(array.type) and (blank := _first_true(pc.equal(array, pa.scalar("")))) >= 0:
        raise _BadValue(blank, "may not be blank")
    return array


def _text(raw: RawBatch, name: str) -> Any:
    return _as_strings(raw.columns.get(name), _height(raw), "must be text")


def _uuids(raw: RawBatch, name: str) -> Any:
    values = raw.columns.get(name)
    if isinstance(values, pa.Array) and _is_binary_uuid(values):
        storage = values.storage if isinstance(values, pa.ExtensionArray) else values
        return pa.array([None if item is None else str(UUID(bytes=item)) for item in storage.to_pylist()], pa.string())
    array = _as_strings(values, _height(raw), "must be a UUID")
    _require_match(array, _UUID_PATTERN, "not a UUID")
    return pc.utf8_lower(array)


def _is_binary_uuid(values: Any) -> bool:
    kind = values.type.storage_type if isinstance(values, pa.ExtensionArray) else values.type
    return bool(pa.types.is_fixed_size_binary(kind) and kind.byte_width == _UUID_BYTES)


def _documents(raw: RawBatch, name: str) -> Any:
    values = raw.columns.get(name)
    if isinstance(values, pa.Array):
        values = _as_strings(values, _height(raw), "must be JSON text").to_pylist()
    if values is None:
        return pa.array([_EMPTY_OBJECT] * _height(raw), pa.string())
    rendered = [
        _rendered(value, index, raw, name) if type(value) is dict else _checked_document(value, index)
        for index, value in enumerate(values)
    ]
    return pa.array(rendered, pa.string())


def _rendered(value: dict[str, Any], index: int, raw: RawBatch, name: str) -> bytes:
    text = orjson.dumps(value)
    if _ROUNDED in text:
        exact = json.loads(raw.lines[index])[name]
        return json.dumps(exact, ensure_ascii=False, separators=(",", ":")).encode()
    return text


def _checked_document(value: Any, index: int) -> bytes | str:
    if value is None:
        return _EMPTY_OBJECT
    if not isinstance(value, str):
        raise _BadValue(index, "must be an object, or its JSON text")
    try:
        is_object = type(orjson.loads(value)) is dict
    except orjson.JSONDecodeError as error:
        raise _BadValue(index, f"not JSON: {error.msg}") from None
    if not is_object:
        raise _BadValue(index, "its JSON text is no object")
    return value


def _instants(raw: RawBatch, name: str) -> Any:
    values = raw.columns.get(name)
    if isinstance(values, pa.Array) and pa.types.is_timestamp(values.type):
        array = values.cast(pa.timestamp("us", tz=values.type.tz), safe=False).cast(_INSTANT)
    else:
        texts = _as_strings(values, _height(raw), "must be an ISO 8601 date-time")
        _require_match(texts, _INSTANT_PATTERN, "not an ISO 8601 date-time")
        array = _parsed(texts)
    is_outside = pc.or_(pc.less(array, _EARLIEST), pc.greater_equal(array, _LATEST))
    if (index := _first_true(is_outside)) >= 0:
        raise _BadValue(index, "must lie between the years 1970 and 2105")
    return array


def _arrivals(raw: RawBatch, name: str) -> Any:
    own, exported = _instants(raw, name), _instants(raw, f"_{name}")
    if (index := _first_true(pc.and_(pc.is_valid(own), pc.is_valid(exported)))) >= 0:
        raise _BadValue(index, "stands beside _inserted_at, which means the same")
    return pc.coalesce(own, exported)


def _parsed(texts: Any) -> Any:
    try:
        return texts.cast(_INSTANT)
    except pa.ArrowInvalid:
        # Some have no zone (they are UTC), more digits than microseconds need, or no meaning.
        return pa.array([_instant(text, index) for index, text in enumerate(texts.to_pylist())], _INSTANT)


def _instant(text: str | None, index: int) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text.upper())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _BadValue(index, "not an ISO 8601 date-time") from None


def _as_strings(values: Any, height: int, reason: str) -> Any:
    if values is None:
        return pa.nulls(height, pa.string())
    if isinstance(values, list):
        try:
            return pa.array(values, pa.string())
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            index = next(i for i, value in enumerate(values) if value is not None and not isinstance(value, str))
            raise _BadValue(index, reason) from None
    return _decoded(values, reason)


def _decoded(values: Any, reason: str) -> Any:
    array = values.storage if isinstance(values, pa.ExtensionArray) else values
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kinds: Iterable[Callable[[Any], bool]] = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_null,
    )
    if not any(is_kind(array.type) for is_kind in kinds):
        raise _BadValue(0, f"{reason}, the column holds {array.type}")
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        raise _BadValue(_first_undecodable(array), "not valid UTF-8") from None
    return array.cast(pa.string())


def _first_undecodable(array: Any) -> int:
    for index, scalar in enumerate(array):
        try:
            scalar.as_py()
        except UnicodeDecodeError:
            return index
    return 0


def _require_match(array: Any, pattern: str, reason: str) -> None:
    if (index := _first_true(pc.invert(pc.match_substring_regex(array, pattern)))) >= 0:
        raise _BadValue(index, reason)


def _first_true(mask: Any) -> int:
    return int(pc.index(mask, pa.scalar(value=True)).as_py())


def _with_derived_uuids(columns: Mapping[str, Any], project_id: int) -> Any:
    uuids = columns["uuid"]
    if not uuids.null_count:
        return uuids
    # The same event without a uuid gets the same one whenever it is loaded, so that a second load adds nothing.
    project = uuid5(NAMESPACE_URL, f"project:{project_id}")
    names = [name for name in columns if name not in {"uuid", "inserted_at"}]
    rows = zip(*(_plain(columns[name]) for name in names), strict=True)
    derived = [
        present or str(uuid5(project, orjson.dumps(row).decode()))
        for present, row in zip(uuids.to_pylist(), rows, strict=True)
    ]
    return pa.array(derived, pa.string())


def _plain(array: Any) -> list[Any]:
    plain: list[Any] = (array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array).to_pylist()
    return plain


def _height(raw: RawBatch) -> int:
    return len(next(iter(raw.columns.values()), ()))


_CONVERSIONS: Mapping[str, Callable[[RawBatch, str], Any]] = {
    "uuid": _uuids,
    "event": _text,
    "distinct_id": _text,
    "person_id": _uuids,
    "properties": _documents,
    "person_properties": _documents,
    "elements_chain": _text,
    "timestamp": _instants,
    "created_at": _instants,
    "inserted_at": _arrivals,
}
