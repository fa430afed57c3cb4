from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.sources.arrow_splice import BrokenArrowStream, splice

FIELDS: dict[str, Any] = {"number": pa.int64(), "text": pa.string()}
SCHEMA = pa.schema(FIELDS)
ROWS = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20)), max_size=20)


def document(rows: list[tuple[int, str]]) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(pa.record_batch([[row[0] for row in rows], [row[1] for row in rows]], schema=SCHEMA))
    return memoryview(sink.getvalue())


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_readers_see_every_row_of_every_chunk(chunks: list[list[tuple[int, str]]]) -> None:
    joined = b"".join(splice(document(rows) for rows in chunks))
    table = pa.ipc.open_stream(joined).read_all()
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == [
        row for rows in chunks for row in rows
    ]


def test_no_chunk_gives_no_byte() -> None:
    assert b"".join(splice([])) == b""


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_a_chunk_without_its_end_is_refused(cut: int) -> None:
    with pytest.raises(BrokenArrowStream):
        list(splice([document([(1, "a")])[:-cut]]))
