"""Parquet, written one row group at a time, so that memory holds one row group whatever the length of the file."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batch_exports.formats.pieces import FileEncoder, Piece, Rows

ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 64 * 1024 * 1024
SAMPLE_ROWS = 8_192
SMALLEST_GROUP_BYTES = 1024 * 1024
LONGEST_COMPARABLE = 64

Codec = Literal["zstd", "lz4", "snappy", "gzip", "brotli"]

# Arrow's own defaults for these two are the slowest levels, for a few percent of size.
_LEVELS = {"gzip": 4, "brotli": 1}


@dataclass(frozen=True, slots=True)
class Parquet:
    """Columns as the source delivers them; the codec works inside the file."""

    compression: Codec | None = None

    def pieces(self, chunks: Iterable[Rows], max_bytes: int | None) -> Iterator[Piece]:
        """Row groups of at most `ROW_GROUP_ROWS` rows; their size in memory never exceeds a limited file's by much."""
        limit = ROW_GROUP_BYTES if max_bytes is None else min(ROW_GROUP_BYTES, max(SMALLEST_GROUP_BYTES, max_bytes))
        waiting: list[pa.RecordBatch] = []
        rows = size = 0
        for batch in _slices(chunks, limit):
            if waiting and (rows + batch.num_rows > ROW_GROUP_ROWS or size + batch.nbytes > limit):
                yield Piece(rows, pa.Table.from_batches(waiting))
                waiting, rows, size = [], 0, 0
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
        if waiting:
            yield Piece(rows, pa.Table.from_batches(waiting))

    def open_file(self) -> FileEncoder:
        """An encoder for one new file."""
        return _ParquetFile(self.compression)


def _slices(chunks: Iterable[Rows], limit: int) -> Iterator[pa.RecordBatch]:
    """The batches, those larger than a row group cut to the size of one."""
    for chunk in chunks:
        batch: pa.RecordBatch = chunk.payload
        row_bytes = max(1, batch.nbytes // max(1, batch.num_rows))
        step = max(1, min(ROW_GROUP_ROWS, limit // row_bytes))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)


class _ParquetFile:
    def __init__(self, compression: Codec | None) -> None:
        self._compression = compression
        self._sink = _Sink()
        self._buffered = pa.BufferedOutputStream(pa.PythonFile(self._sink, mode="w"), 256 * 1024)
        self._writer: pq.ParquetWriter | None = None

    def write(self, payload: Any) -> Sequence[bytes]:
        table: pa.Table = payload
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._buffered,
                table.schema,
                compression=self._compression or "none",
                compression_level=_LEVELS.get(self._compression or ""),
                use_dictionary=_repetitive_columns(table),  # type: ignore[arg-type]  # its stubs know no list
                write_statistics=_comparable_columns(table),
            )
        self._writer.write_table(table, row_group_size=table.num_rows)
        return self._sink.take()

    def finish(self) -> Sequence[bytes]:
        if self._writer is not None:
            self._writer.close()
            self._buffered.flush()
        return self._sink.take()


def _repetitive_columns(table: pa.Table) -> list[str]:
    """The columns that a dictionary makes smaller; on the others it costs a third of all encoding, for nothing."""
    sample = table.slice(0, SAMPLE_ROWS)
    return [
        name
        for name, column in zip(sample.column_names, sample.columns, strict=True)
        if not pa.types.is_nested(column.type) and pc.count_distinct(column, mode="all").as_py() * 2 <= len(column)
    ]


def _comparable_columns(table: pa.Table) -> list[str]:
    """The columns whose least and greatest value help a reader to skip row groups: those of long texts do not."""
    sample = table.slice(0, SAMPLE_ROWS)
    return [
        name
        for name, column in zip(sample.column_names, sample.columns, strict=True)
        if column.nbytes <= LONGEST_COMPARABLE * max(1, len(column))
    ]


class _Sink(io.RawIOBase):
    """What a ParquetWriter writes to: keeps the bytes until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        block = bytes(data)
        self._blocks.append(block)
        return len(block)

    def take(self) -> Sequence[bytes]:
        # Not joined: that would put every byte of the file into fresh memory once more.
        blocks, self._blocks = self._blocks, []
        return blocks
