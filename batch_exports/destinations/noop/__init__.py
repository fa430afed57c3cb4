"""NoOp: reads every row, counts it and writes it nowhere.

Guarantee: none is needed; a run shows how many rows it would export, and that its source can be read.
"""

from collections.abc import Callable, Iterator, Sequence

from batch_exports.ports import Chunk, Lane, WrittenFile


class NoOpWriter:
    """Consumes rows."""

    @property
    def lane(self) -> Lane:
        """Columns: the form that costs a source least."""
        return Lane.ARROW

    def write_part(
        self,
        number: int,
        first_file: int,  # noqa: ARG002 - there are no files to number
        chunks: Iterator[Chunk],
        report: Callable[[int], None],  # noqa: ARG002 - no byte is written
    ) -> Sequence[WrittenFile]:
        """Count the rows of one part, as one file that lies nowhere; nothing for a part without rows."""
        rows = sum(chunk.rows for chunk in chunks)
        return [WrittenFile(key=f"part-{number}", rows=rows, bytes=0)] if rows else []

    def commit(self, files: Sequence[WrittenFile]) -> None:
        """Nothing has to become visible."""
