"""Chunks in, finished files out: the pipeline that every destination of files shares.

Reading, encoding and whoever takes the bytes work at the same time in three threads, with at most 44 MB between them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from batch_exports.formats.pieces import Format, Rows
from batch_exports.formats.prefetch import Prefetch

CHUNK_BUDGET = 20 * 1024 * 1024
BLOCK_BUDGET = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Block:
    data: Sequence[bytes]
    rows: int
    is_last: bool


class EncodedFile:
    """One file: iterate once for its bytes; then `rows`, `bytes` and `sha256` describe what went through."""

    def __init__(self, blocks: Iterator[_Block]) -> None:
        self.rows = 0
        self.bytes = 0
        self.is_complete = False
        self._blocks = blocks
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hexadecimal digest of the bytes so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        while not self.is_complete:
            block = next(self._blocks)
            self.rows += block.rows
            for data in filter(None, block.data):
                self._hash.update(data)
                self.bytes += len(data)
                yield data
            self.is_complete = block.is_last


@contextmanager
def encoded_files(
    chunks: Iterable[Rows], *, file_format: str, compression: Any = None, max_bytes: int | None = None
) -> Iterator[Iterator[EncodedFile]]:
    """The rows of `chunks` as files, each closed at the first boundary past `max_bytes` of compressed size.

    Each file must be read to its end before the next is asked for. No rows, no files. An error of `chunks` comes out of
    the file that was being read. Leaving the context ends all threads.
    """
    layout = _format(file_format, compression)
    with (
        Prefetch(iter(chunks), size=lambda chunk: chunk.nbytes, budget=CHUNK_BUDGET, name="export-source") as ahead,
        Prefetch(
            _encode(layout, ahead, max_bytes),
            size=lambda block: sum(map(len, block.data)),
            budget=BLOCK_BUDGET,
            name="export-encoder",
        ) as blocks,
    ):
        try:
            yield _files(blocks)
        finally:
            # The encoder may be waiting for the source: both are told before either is waited for.
            ahead.stop()


def _format(file_format: str, compression: Any) -> Format:
    if file_format == "Parquet":
        from batch_exports.formats.parquet import Parquet  # noqa: PLC0415 - loads Arrow, which lines do without

        return Parquet(compression)
    from batch_exports.formats.lines import JsonLines  # noqa: PLC0415 - the other branch

    return JsonLines(compression)


def _encode(layout: Format, chunks: Iterable[Rows], max_bytes: int | None) -> Iterator[_Block]:
    """All files one behind the other; the last block of each is marked."""
    encoder, size = None, 0
    for piece in layout.pieces(chunks, max_bytes):
        if encoder is None:
            encoder, size = layout.open_file(), 0
        data = encoder.write(piece.payload)
        size += sum(map(len, data))
        yield _Block(data, piece.rows, is_last=False)
        if max_bytes is not None and size >= max_bytes:
            yield _Block(encoder.finish(), 0, is_last=True)
            encoder = None
        # The next piece gathers meanwhile, in the memory that this one would still hold.
        del piece
    if encoder is not None:
        yield _Block(encoder.finish(), 0, is_last=True)


def _files(blocks: Iterator[_Block]) -> Iterator[EncodedFile]:
    for first in blocks:
        file = EncodedFile(_chain(first, blocks))
        yield file
        if not file.is_complete:
            raise RuntimeError("A file must be read to its end before the next one.")


def _chain(first: _Block, rest: Iterator[_Block]) -> Iterator[_Block]:
    yield first
    yield from rest
