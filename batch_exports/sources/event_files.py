"""Files of events as batches of columns: JSON lines, plain or gzipped, and Parquet."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = (
    "uuid",
    "event",
    "distinct_id",
    "person_id",
    "properties",
    "person_properties",
    "elements_chain",
    "timestamp",
    "created_at",
    "inserted_at",
    "_inserted_at",
)
"""What an event may have; `_inserted_at` is the name of `inserted_at` in exported files."""

# Small, so that the garbage collector finds little to walk through.
_BATCH_BYTES = 1 << 20
_BATCH_ROWS = 8192
_PARQUET_MAGIC = b"PAR1"
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadFile(Exception):
    """A file cannot be loaded, and nothing of it was; `line` is the line, or the row of a Parquet file."""

    def __init__(self, file: str, line: int | None, reason: str, *, unit: str = "line") -> None:
        where = f"{file}: {unit} {line}" if line is not None else file
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; `index` counts from the first row of its batch."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBatch:
    """Columns as they came, lists of JSON values or Arrow arrays, and what was found wrong with them so far."""

    numbers: Sequence[int]
    """The line of each row, counted from 1."""
    columns: "Mapping[str, list[Any] | pa.Array[Any]]"
    lines: Sequence[bytes] = ()
    """The text of each row, where there is one."""
    problems: Sequence[Problem] = field(default_factory=tuple)
    unit: str = "line"


def read_batches(path: Path) -> Iterator[RawBatch]:
    """Read a file, whose format is told by its first bytes."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic == _PARQUET_MAGIC:
                yield from _parquet_batches(path.name, file)
            elif magic.startswith(_GZIP_MAGIC):
                with gzip.open(file) as unpacked:
                    yield from _json_batches(unpacked)
            else:
                yield from _json_batches(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(path.name, None, f"its gzip data is damaged: {error}") from error
    except OSError as error:
        raise BadFile(path.name, None, f"cannot be read: {error.strerror or error}") from error


def _json_batches(file: IO[bytes] | gzip.GzipFile) -> Iterator[RawBatch]:
    first = 1
    while lines := file.readlines(_BATCH_BYTES):
        if first == 1:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        numbers: Sequence[int] = range(first, first + len(lines))
        first += len(lines)
        if any(map(_is_blank, lines)):
            numbers = [number for number, line in zip(numbers, lines, strict=True) if not _is_blank(line)]
            lines = [line for line in lines if not _is_blank(line)]
        if lines:
            yield _json_batch(numbers, lines)


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()


def _json_batch(numbers: Sequence[int], lines: Sequence[bytes]) -> RawBatch:
    records, problems = _parse(lines)
    names = set().union(*records)
    for name in sorted(names.difference(FIELDS)):
        index = next(index for index, record in enumerate(records) if name in record)
        problems.append(Problem(index, f"unknown field {name!r}; known are {', '.join(FIELDS)}"))
    columns = {name: [record.get(name) for record in records] for name in names.intersection(FIELDS)}
    return RawBatch(numbers=numbers, columns=columns, lines=lines[: len(records)], problems=problems)


def _parse(lines: Sequence[bytes]) -> tuple[list[dict[str, Any]], list[Problem]]:
    # All at once, which a good file never regrets; a bad line is looked for only when there is one.
    try:
        records = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        records = []
        for line in lines:
            try:
                records.append(orjson.loads(line))
            except orjson.JSONDecodeError as error:
                problems = [Problem(len(records), f"not JSON: {error.msg}, column {error.colno}")]
                break
    else:
        problems = []
    if set(map(type, records)) - {dict}:
        index = next(index for index, record in enumerate(records) if type(record) is not dict)
        return records[:index], [Problem(index, "not a JSON object")]
    return records, problems


def _parquet_batches(name: str, file: IO[bytes]) -> Iterator[RawBatch]:
    # Loaded here: only those who load Parquet need it.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        document = parquet.ParquetFile(file)
        columns = document.schema_arrow.names
        for column in columns:
            if column not in FIELDS or columns.count(column) > 1:
                raise BadFile(name, None, f"unknown or repeated column {column!r}; known are {', '.join(FIELDS)}")
        first = 1
        for batch in document.iter_batches(_BATCH_ROWS):
            numbers = range(first, first + batch.num_rows)
            first += batch.num_rows
            yield RawBatch(numbers=numbers, columns=dict(zip(columns, batch.columns, strict=True)), unit="row")
    except (pa.ArrowException, OSError) as error:
        raise BadFile(name, None, f"its Parquet data is damaged: {error}") from error
