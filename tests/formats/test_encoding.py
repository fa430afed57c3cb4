"""Encoding: what comes out of the files is what went into the pipeline, in bounded memory and without leftovers."""

import hashlib
import os
import threading
import weakref
from itertools import product

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.destinations import COMPRESSIONS
from batch_exports.formats import encoding
from batch_exports.formats.encoding import encoded_files
from batch_exports.formats.parquet import ROW_GROUP_ROWS
from batch_exports.ports import Chunk
from tests.formats.chunks import arrow_chunks, chunks_for, count_with_duckdb, line_chunks, make_rows, read_back

PAIRS = [(name, codec) for name, codecs in COMPRESSIONS.items() for codec in (None, *codecs)]
texts = st.text(max_size=50)
payloads = st.lists(st.lists(st.tuples(texts, st.integers(-(2**63), 2**63 - 1)), max_size=20), max_size=6)


def encode(chunks, **options):
    """All files: content and the file's own figures."""
    with encoded_files(chunks, **options) as files:
        return [(b"".join(file), file) for file in files]


def export_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("export-")]


def random_lines(count, size):
    for _ in range(count):
        yield Chunk(1, size + 1, os.urandom(size // 2).hex().encode() + b"\n")


@given(payloads, st.sampled_from(PAIRS), st.sampled_from([None, 1, 1000]))
def test_all_rows_come_back_equal_and_counted_whatever_the_chunks_and_limit(groups, pair, max_bytes):
    file_format, compression = pair
    rows = [
        {"uuid": text, "event": text, "properties": text, "timestamp": abs(number) // 10**4, "count": number}
        for group in groups
        for text, number in group
    ]
    sizes = iter([len(group) for group in groups if group])
    position, chunks = 0, []
    for size in sizes:
        chunks += list(chunks_for(file_format, rows[position : position + size], size))
        position += size
    results = encode(iter(chunks), file_format=file_format, compression=compression, max_bytes=max_bytes)
    assert [row for content, _ in results for row in read_back(content, file_format, compression)] == rows
    for content, file in results:
        assert file.rows == len(read_back(content, file_format, compression)) > 0
        assert file.bytes == len(content)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert not export_threads()


@pytest.mark.parametrize(("file_format", "compression"), PAIRS)
def test_every_format_and_compression_is_read_by_another_program(tmp_path, file_format, compression):
    rows = make_rows(5_000)
    ((content, file),) = encode(chunks_for(file_format, rows, 700), file_format=file_format, compression=compression)
    suffix = (
        {"gzip": ".jsonl.gz", None: ".jsonl"}.get(compression, ".jsonl") if file_format == "JSONLines" else ".parquet"
    )
    if compression == "brotli" and file_format == "JSONLines":
        content = "".join(
            f'{{"count": {row["count"]}}}\n' for row in read_back(content, file_format, compression)
        ).encode()
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    assert count_with_duckdb([path], file_format) == (5_000, sum(range(5_000)))
    assert file.rows == 5_000


@pytest.mark.parametrize("file_format", ["JSONLines", "Parquet"])
def test_no_rows_make_no_file(file_format):
    assert encode(iter(()), file_format=file_format) == []
    assert encode(chunks_for(file_format, make_rows(0), 1), file_format=file_format) == []


def test_empty_chunks_are_passed_over():
    chunks = [Chunk(0, 0, b""), *line_chunks(make_rows(3), 2), Chunk(0, 0, b"")]
    ((content, _),) = encode(iter(chunks), file_format="JSONLines")
    assert len(content.splitlines()) == 3


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_file_of_lines_ends_at_the_first_line_past_the_limit(compression):
    limit = 3 * 1024 * 1024
    chunks = random_lines(20_000, 1_000)
    results = encode(chunks, file_format="JSONLines", compression=compression, max_bytes=limit)
    assert len(results) > 2
    for content, _ in results[:-1]:
        assert limit <= len(content) <= limit * 9 / 8 + 1024
    assert sum(file.rows for _, file in results) == 20_000


def test_a_chunk_larger_than_the_limit_is_cut_between_lines():
    text = b"".join(b'{"n":%d}\n' % number for number in range(400_000))
    results = encode(iter([Chunk(400_000, len(text), text)]), file_format="JSONLines", max_bytes=1024 * 1024)
    assert len(results) > 3
    assert b"".join(content for content, _ in results) == text
    assert [content.count(b"\n") for content, _ in results] == [file.rows for _, file in results]


def test_a_line_longer_than_a_piece_stays_whole():
    text = b'{"a":"' + b"x" * 3_000_000 + b'"}\n{"b":1}\n'
    results = encode(iter([Chunk(2, len(text), text)]), file_format="JSONLines", max_bytes=10)
    assert [file.rows for _, file in results] == [1, 1]
    assert b"".join(content for content, _ in results) == text


def test_a_chunk_without_a_last_newline_does_not_run_into_the_next():
    chunks = [Chunk(1, 7, b'{"a":1}'), Chunk(1, 7, b'{"a":2}')]
    ((content, _),) = encode(iter(chunks), file_format="JSONLines")
    assert content == b'{"a":1}\n{"a":2}\n'


def test_a_parquet_file_overshoots_its_limit_by_one_small_row_group_at_most():
    limit = 1024 * 1024
    blob = pa.array([os.urandom(500).hex() for _ in range(8_000)])
    batch = pa.RecordBatch.from_arrays([blob], names=["blob"])
    results = encode(
        iter([Chunk(8_000, batch.nbytes, batch)]), file_format="Parquet", compression="zstd", max_bytes=limit
    )
    assert len(results) > 2
    for content, _ in results[:-1]:
        assert limit <= len(content) <= 2 * limit
    assert sum(file.rows for _, file in results) == 8_000


@pytest.mark.parametrize("chunk_rows", [1_000, 100_000, 150_000])
def test_row_groups_are_bounded_by_rows_and_small_batches_are_joined(chunk_rows):
    batches = pa.table({"n": pa.array(range(150_000))}).to_batches(chunk_rows)
    chunks = (Chunk(batch.num_rows, batch.nbytes, batch) for batch in batches)
    ((content, _),) = encode(chunks, file_format="Parquet")
    metadata = pq.ParquetFile(pa.BufferReader(content)).metadata
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert max(sizes) <= ROW_GROUP_ROWS
    assert len(sizes) <= 4
    assert sum(sizes) == 150_000


def test_equal_input_gives_equal_bytes():
    for file_format, compression in PAIRS:
        first, second = (
            encode(chunks_for(file_format, make_rows(500), 90), file_format=file_format, compression=compression)
            for _ in range(2)
        )
        assert first[0][0] == second[0][0]


@pytest.mark.parametrize(("file_format", "after"), list(product(["JSONLines", "Parquet"], [0, 3])))
def test_an_error_of_the_source_comes_out_of_the_file_and_ends_all_threads(file_format, after):
    class BrokenSourceError(Exception):
        pass

    def broken():
        yield from list(chunks_for(file_format, make_rows(after * 10), 10))
        raise BrokenSourceError

    with pytest.raises(BrokenSourceError):
        encode(broken(), file_format=file_format)
    assert not export_threads()


def test_a_reader_that_goes_away_ends_a_source_that_never_ends():
    taken = []

    def endless():
        number = 0
        while True:
            number += 1
            taken.append(number)
            yield Chunk(1, 1_000_000, b"x" * 999_999 + b"\n")

    with encoded_files(endless(), file_format="JSONLines") as files:
        next(iter(next(files)))
    assert not export_threads()
    seen = len(taken)
    assert seen < (encoding.CHUNK_BUDGET + encoding.BLOCK_BUDGET) // 1_000_000 + 10
    assert len(taken) == seen


def test_a_source_waits_for_a_slow_reader_instead_of_filling_the_memory():
    produced = 0

    def counted():
        nonlocal produced
        for _ in range(200):
            produced += 1
            yield Chunk(1, 1_000_000, b"x" * 999_999 + b"\n")

    with encoded_files(counted(), file_format="JSONLines") as files:
        blocks = iter(next(files))
        for read, _ in enumerate(blocks, start=1):
            assert produced - read < (encoding.CHUNK_BUDGET + encoding.BLOCK_BUDGET) // 1_000_000 + 10
    assert produced == 200


def test_a_row_group_that_is_written_gives_up_its_memory_while_the_next_one_is_awaited():
    class Memory(bytearray):
        """A bytearray whose end can be seen."""

    def row_group(given_up):
        memory = Memory(8 * ROW_GROUP_ROWS)
        weakref.finalize(memory, given_up.set)
        column = pa.Array.from_buffers(pa.int64(), ROW_GROUP_ROWS, [None, pa.py_buffer(memory)])
        return Chunk(ROW_GROUP_ROWS, len(memory), pa.record_batch({"count": column}))

    given_up = [threading.Event() for _ in range(4)]
    seen = []

    def row_groups():
        for number, event in enumerate(given_up):
            if number >= 2:
                seen.append(given_up[number - 2].wait(30))
            yield row_group(event)

    [(_, file)] = encode(row_groups(), file_format="Parquet", compression="zstd")
    assert file.rows == 4 * ROW_GROUP_ROWS
    assert seen == [True, True]


def test_a_file_left_half_read_is_an_error_and_not_a_short_file():
    with (
        encoded_files(line_chunks(make_rows(100), 10), file_format="JSONLines", max_bytes=100) as files,
        pytest.raises(RuntimeError, match="must be read to its end"),
    ):
        next(files)
        next(files)
    assert not export_threads()


def test_two_record_batches_of_different_columns_are_refused():
    chunks = [*arrow_chunks(make_rows(3), 3), Chunk(1, 8, pa.RecordBatch.from_arrays([pa.array([1])], names=["other"]))]
    with pytest.raises(pa.ArrowInvalid):
        encode(iter(chunks), file_format="Parquet")
