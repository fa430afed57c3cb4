"""Results of streaming queries, cut into chunks of whole rows; a result that broke raises, however it broke."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from batch_exports.ports import Chunk
from batch_exports.sources.failures import broken_off, failure_of
from batch_exports.sources.read_memory import ReadMemory

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse

_BLOCK_BYTES = 1 << 20
_END_OF_ARROW_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_TAIL_BYTES = 16 << 10


class _Body:
    """The body of a response, block by block, which ends only where the server ended it well."""

    def __init__(self, response: "HTTPResponse") -> None:
        tag = response.headers.get("X-ClickHouse-Exception-Tag")
        self._mark = f"__exception__\r\n{tag}".encode() if tag else None
        self._response = response
        self._blocks = self._checked_blocks()
        self._rest = memoryview(b"")
        self._memory = ReadMemory()
        self.closed = False
        self.tail = b""

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def read(self, size: int) -> memoryview | bytes:
        """Give `size` bytes, fewer only at the end; what the Arrow reader asks of a file."""
        target = self._memory.take(size)
        filled = 0
        while filled < size and self._fill():
            part = self._rest[: size - filled]
            self._rest = self._rest[len(part) :]
            target[filled : filled + len(part)] = part
            filled += len(part)
        return target if filled == size else bytes(target[:filled])

    def _fill(self) -> bool:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        return bool(self._rest)

    def _checked_blocks(self) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # a part of the driver, which only its users have

        try:
            for block in self._response.stream(_BLOCK_BYTES):
                self.tail = (block if len(block) >= _TAIL_BYTES else self.tail + block)[-_TAIL_BYTES:]
                yield block
        except (HTTPError, OSError) as error:
            self._raise_written_exception()
            raise broken_off() from error
        self._raise_written_exception()

    def _raise_written_exception(self) -> None:
        # A server that fails in the middle writes the cause behind the rows, marked with a tag that no row can know.
        if self._mark is not None and self._mark in self.tail:
            text = self.tail.partition(self._mark)[2].decode(errors="replace").strip()
            raise failure_of(text.rpartition("\n__exception__")[0].rpartition("\n")[0])


def arrow_chunks(response: "HTTPResponse") -> Iterator[Chunk]:
    """Read record batches."""
    import pyarrow as pa  # noqa: PLC0415  # loaded here: only users of an event store have it

    body = _Body(response)
    file: Any = body
    try:
        with pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield Chunk(batch.num_rows, batch.get_total_buffer_size(), batch)
    except pa.ArrowInvalid as error:
        for _ in body:
            # The cause, if the server gave one, stands at the end.
            pass
        raise broken_off() from error
    for _ in body:
        pass
    if not body.tail.endswith(_END_OF_ARROW_STREAM):
        # The reader takes any message boundary for an end.
        raise broken_off()


def line_chunks(response: "HTTPResponse") -> Iterator[Chunk]:
    """Read lines, cut behind line ends."""
    body = _Body(response)
    rest = b""
    for block in body:
        end = block.rfind(b"\n") + 1
        if end:
            lines = rest + block[:end]
            yield Chunk(lines.count(b"\n"), len(lines), lines)
            rest = block[end:]
        else:
            rest += block
    last = body.tail.rstrip(b"\n").rpartition(b"\n")[2]
    if rest or (last and not last.endswith(b"}")):
        # Older servers write their exception as if it were rows.
        raise broken_off()
