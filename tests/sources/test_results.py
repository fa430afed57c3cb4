import itertools
import socket
import threading
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from batch_exports.ports import Chunk
from batch_exports.sources.results import arrow_chunks, line_chunks

Reader = Callable[[urllib3.HTTPResponse], Iterator[Chunk]]
LINES = [b'{"line": %d}\n' % number for number in range(2000)]
TAG = "0123456789abcdef"


def arrow_document() -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.record_batch({"number": list(range(1000))})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(5):
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


ARROW = arrow_document()


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)


def exception_block(text: str) -> bytes:
    return f"\r\n__exception__\r\n{TAG}\r\n{text}\n{len(text) + 1} {TAG}\r\n__exception__\r\n".encode()


def read(body: bytes, reader: Reader) -> list[Chunk]:
    """Read a body from a server that sends these bytes and hangs up."""
    head = f"HTTP/1.1 200 OK\r\nX-ClickHouse-Exception-Tag: {TAG}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head + body)

        serving = threading.Thread(target=serve)
        serving.start()
        with urllib3.PoolManager() as pool:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            response = pool.request("GET", url, preload_content=False, retries=False)
            try:
                return list(reader(response))  # type: ignore[arg-type]  # the pool answers with its base class
            finally:
                response.close()
                serving.join()


@given(st.lists(st.integers(0, len(b"".join(LINES))), max_size=5))
def test_lines_are_whole_and_counted_wherever_the_server_cuts(cuts: list[int]) -> None:
    whole = b"".join(LINES)
    bounds = [0, *sorted(cuts), len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(bounds)]
    chunks = read(chunked(*pieces) + b"0\r\n\r\n", line_chunks)
    assert b"".join(chunk.payload for chunk in chunks) == whole
    assert sum(chunk.rows for chunk in chunks) == len(LINES)
    assert all(chunk.payload.endswith(b"\n") and chunk.nbytes == len(chunk.payload) for chunk in chunks)


@given(st.integers(1, len(ARROW) - 1))
def test_record_batches_are_whole_wherever_the_server_cuts(cut: int) -> None:
    chunks = read(chunked(ARROW[:cut], ARROW[cut:]) + b"0\r\n\r\n", arrow_chunks)
    assert [chunk.rows for chunk in chunks] == [1000] * 5


@given(st.sets(st.integers(0, 7)))
def test_record_batches_that_are_kept_stay_as_they_were_read(kept: set[int]) -> None:
    batches = [pa.record_batch({"number": [number] * 10_000}) for number in range(8)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)

    def keep_some(response: urllib3.HTTPResponse) -> Iterator[Chunk]:
        return (chunk for number, chunk in enumerate(arrow_chunks(response)) if number in kept)  # type: ignore[arg-type]

    chunks = read(chunked(sink.getvalue().to_pybytes()) + b"0\r\n\r\n", keep_some)
    assert [chunk.payload for chunk in chunks] == [batches[number] for number in sorted(kept)]


@pytest.mark.parametrize(("reader", "whole"), [(line_chunks, b"".join(LINES)), (arrow_chunks, ARROW)])
@given(st.data())
def test_a_connection_that_breaks_anywhere_raises(reader: Reader, whole: bytes, data: st.DataObject) -> None:
    body = chunked(whole[: len(whole) // 2], whole[len(whole) // 2 :])
    cut = data.draw(st.integers(0, len(body)))
    with pytest.raises(RetryableFailure, match="ended before its end"):
        read(body[:cut], reader)


@pytest.mark.parametrize("ending", [b"", b"0\r\n\r\n"])
@pytest.mark.parametrize(("reader", "rows"), [(line_chunks, b"".join(LINES)), (arrow_chunks, ARROW[:-8])])
def test_an_exception_behind_the_rows_is_told(reader: Reader, rows: bytes, ending: bytes) -> None:
    written = exception_block("Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)")
    with pytest.raises(RetryableFailure, match="Memory limit exceeded"):
        read(chunked(rows, written) + ending, reader)


def test_a_permanent_exception_in_mid_stream_stays_permanent() -> None:
    written = exception_block("Code: 47. DB::Exception: Unknown identifier x. (UNKNOWN_IDENTIFIER)")
    with pytest.raises(PermanentFailure, match="Unknown identifier x"):
        read(chunked(*LINES, written), line_chunks)


def test_an_arrow_stream_without_its_end_mark_raises_although_the_response_ended_well() -> None:
    with pytest.raises(RetryableFailure, match="ended before its end"):
        read(chunked(ARROW[:-8]) + b"0\r\n\r\n", arrow_chunks)


@pytest.mark.parametrize("text", [b"Code: 241. DB::Exception: Memory limit exceeded\n", b'{"line": 1'])
def test_a_last_line_that_is_no_row_raises_although_the_response_ended_well(text: bytes) -> None:
    with pytest.raises(RetryableFailure, match="ended before its end"):
        read(chunked(*LINES, text) + b"0\r\n\r\n", line_chunks)
