"""JSON lines: the source renders them, so that only compression is left to do here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_exports.formats.pieces import FileEncoder, Piece, Rows

GZIP_LEVEL = 2
BROTLI_QUALITY = 1
PIECE_BYTES = 1024 * 1024
SMALLEST_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON document per line, each line ended by a newline."""

    compression: str | None = None

    def pieces(self, chunks: Iterable[Rows], max_bytes: int | None) -> Iterator[Piece]:
        """Each chunk as one piece, or cut at line ends when the size of a file is limited."""
        limit = None if max_bytes is None else max(SMALLEST_PIECE_BYTES, min(PIECE_BYTES, max_bytes // 8))
        for chunk in chunks:
            if chunk.rows == 0:
                continue
            payload: bytes = chunk.payload if chunk.payload.endswith(b"\n") else chunk.payload + b"\n"
            if limit is None or len(payload) <= limit:
                yield Piece(chunk.rows, payload)
            else:
                yield from _cut(payload, chunk.rows, limit)

    def open_file(self) -> FileEncoder:
        """An encoder for one new file."""
        return _CODECS[self.compression]()


def _cut(payload: bytes, rows: int, limit: int) -> Iterator[Piece]:
    """The lines in pieces of at most `limit` bytes; a longer line is a piece of its own."""
    view, start = memoryview(payload), 0
    while len(payload) - start > limit:
        end = payload.rfind(b"\n", start, start + limit) + 1
        if end == 0:
            end = payload.index(b"\n", start + limit) + 1
        count = payload.count(b"\n", start, end)
        yield Piece(count, view[start:end])
        start, rows = end, rows - count
    if start < len(payload):
        yield Piece(rows, view[start:])


class _Plain:
    def write(self, payload: Any) -> Sequence[bytes]:
        return [bytes(payload)]

    def finish(self) -> Sequence[bytes]:
        return []


class _Gzip:
    def __init__(self) -> None:
        from isal import isal_zlib  # noqa: PLC0415 - only where it is used

        # 16 added to the window bits makes a gzip header, without name or time: equal input gives equal bytes.
        self._stream = isal_zlib.compressobj(level=GZIP_LEVEL, wbits=16 + isal_zlib.MAX_WBITS)

    def write(self, payload: Any) -> Sequence[bytes]:
        return [self._stream.compress(payload)]

    def finish(self) -> Sequence[bytes]:
        return [self._stream.flush()]


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # it ships no types # noqa: PLC0415

        self._stream = brotli.Compressor(mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)

    def write(self, payload: Any) -> Sequence[bytes]:
        return [self._stream.process(payload)]

    def finish(self) -> Sequence[bytes]:
        return [self._stream.finish()]


_CODECS: Mapping[str | None, Callable[[], FileEncoder]] = {None: _Plain, "gzip": _Gzip, "brotli": _Brotli}
