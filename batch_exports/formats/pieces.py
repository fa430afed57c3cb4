"""The parts of the encoders' common interface: what goes in, and where a file may end."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Rows(Protocol):
    """Some whole rows as a source delivers them."""

    @property
    def rows(self) -> int:
        """How many rows."""
        ...

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        ...

    @property
    def payload(self) -> Any:
        """The rows: bytes of whole lines, or a `pyarrow.RecordBatch`."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that are written together; a file may end behind each piece."""

    rows: int
    payload: Any


class FileEncoder(Protocol):
    """Writes the pieces of one file."""

    def write(self, payload: Any) -> Sequence[bytes]:
        """Encode one piece; the bytes that are ready."""
        ...

    def finish(self) -> Sequence[bytes]:
        """End the file; its last bytes."""
        ...


class Format(Protocol):
    """One file format with its compression."""

    def pieces(self, chunks: Iterable[Rows], max_bytes: int | None) -> Iterator[Piece]:
        """The chunks cut and joined to the pieces that suit the format."""
        ...

    def open_file(self) -> FileEncoder:
        """An encoder for one new file."""
        ...
