"""Rows for the tests of formats and destinations, as a source would deliver them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import brotli
import duckdb
import isal.igzip
import pyarrow as pa
import pyarrow.parquet as pq

from batch_exports.ports import Chunk

SCHEMA = pa.schema(
    [
        ("uuid", pa.string()),
        ("event", pa.string()),
        ("properties", pa.string()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("count", pa.int64()),
    ]
)

Row = dict[str, Any]


def make_rows(count: int, *, first: int = 0) -> list[Row]:
    """Rows that differ, with text that needs care in JSON."""
    return [
        {
            "uuid": f"00000000-0000-7000-8000-{number:012x}",
            "event": ("$pageview", "täg ✓", 'quote " and \\ slash')[number % 3],
            "properties": json.dumps({"number": number, "text": "line\nbreak" * (number % 5)}),
            "timestamp": 1_735_689_600_000_000 + number,
            "count": number,
        }
        for number in range(first, first + count)
    ]


def line_chunks(rows: Sequence[Row], size: int) -> Iterator[Chunk]:
    """The rows as chunks of JSON lines."""
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some).encode()
        yield Chunk(len(some), len(text), text)


def arrow_chunks(rows: Sequence[Row], size: int) -> Iterator[Chunk]:
    """The rows as chunks of record batches."""
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        batch = pa.RecordBatch.from_arrays(
            [pa.array([row[name] for row in some]).cast(SCHEMA.field(name).type) for name in SCHEMA.names],
            schema=SCHEMA,
        )
        yield Chunk(batch.num_rows, batch.nbytes, batch)


def chunks_for(file_format: str, rows: Sequence[Row], size: int) -> Iterator[Chunk]:
    """The rows in the lane that a format asks for."""
    return arrow_chunks(rows, size) if file_format == "Parquet" else line_chunks(rows, size)


def read_back(content: bytes, file_format: str, compression: str | None) -> list[Row]:
    """The rows of a file, read by a library that did not write it where there is one."""
    if file_format == "Parquet":
        table = pq.read_table(pa.BufferReader(content))
        table = table.set_column(
            table.schema.get_field_index("timestamp"), "timestamp", table["timestamp"].cast(pa.int64())
        )
        return table.to_pylist()
    plain = {"gzip": isal.igzip.decompress, "brotli": brotli.decompress, None: bytes}[compression](content)
    assert not plain or plain.endswith(b"\n")
    return [json.loads(line) for line in plain.decode().split("\n") if line]


def count_with_duckdb(paths: Iterable[Path], file_format: str) -> tuple[int, int]:
    """How many rows files hold and the sum of their `count`, as DuckDB reads them."""
    names = [str(path) for path in paths]
    reader = "read_parquet" if file_format == "Parquet" else "read_json"
    with duckdb.connect() as connection:
        found = connection.execute(f'SELECT count(*), sum("count")::BIGINT FROM {reader}(?)', [names]).fetchone()
    assert found is not None
    return found[0], found[1]
