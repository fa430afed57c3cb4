"""Writes a run as files with a manifest, wherever a key can be put, read and deleted.

What holds for every destination of files:

- Keys follow from the settings and the interval, so writing an interval or a part of it again replaces its files.
- A file is visible whole or not at all.
- The manifest comes last and names all files with rows, bytes and SHA-256: who waits for it sees whole runs only.
- Numbered files that an earlier try of the interval left behind are deleted before the manifest is written.
- An interval without rows has no files, and a manifest only where an earlier one has to be replaced.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Protocol

from batch_exports.domain.errors import Invalid, PermanentFailure
from batch_exports.domain.object_keys import ObjectKeys, max_file_bytes, object_keys
from batch_exports.formats.encoding import encoded_files
from batch_exports.ports import Chunk, Lane, RunContext, WrittenFile

MAX_MANIFEST_BYTES = 16 * 1024 * 1024
MAX_STALE_FILES = 10_000


class ObjectStorage(Protocol):
    """Keeps bytes by key; its errors are PermanentFailure and RetryableFailure."""

    def put(self, key: str, blocks: Iterable[bytes]) -> None:
        """Make an object of the blocks, or replace it; an error of `blocks` comes out and leaves nothing."""
        ...

    def read(self, key: str, limit: int) -> bytes | None:
        """At most `limit` bytes of an object; None when there is none, or when the credentials may not read."""
        ...

    def exists(self, key: str) -> bool:
        """Whether an object of that key is there; False when the credentials may not look."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is left alone."""
        ...


class ObjectFilesWriter:
    """One run written as files to an object storage."""

    def __init__(self, storage: ObjectStorage, context: RunContext) -> None:
        self._storage = storage
        self._context = context
        self._config = context.config
        self._keys = keys_of(context.config, context)

    @property
    def lane(self) -> Lane:
        """Columns for Parquet, rendered lines for everything else."""
        return Lane.ARROW if self._format == "Parquet" else Lane.LINES

    def write_part(
        self,
        number: int,  # noqa: ARG002 - files are numbered through, whatever their part
        first_file: int,
        chunks: Iterator[Chunk],
        report: Callable[[int], None],
    ) -> Sequence[WrittenFile]:
        """Write the rows of one part as files numbered from `first_file`."""
        written = []
        with encoded_files(
            chunks,
            file_format=self._format,
            compression=self._config.get("compression"),
            max_bytes=max_file_bytes(self._config),
        ) as files:
            for file_number, file in zip(count(first_file), files, strict=False):
                key = self._keys.data(file_number)
                self._storage.put(key, _reported(file, report))
                written.append(WrittenFile(key=key, rows=file.rows, bytes=file.bytes, sha256=file.sha256))
        return written

    def commit(self, files: Sequence[WrittenFile]) -> None:
        """Delete what earlier tries left, then write the manifest."""
        previous = self._previous_files()
        if not files and previous is None and self._storage.exists(self._keys.manifest):
            return  # another export's
        current = {file.key for file in files}
        stale = self._stale(previous or (), current)
        for key in stale:
            self._storage.delete(key)
        if not files and not stale and previous is None:
            return
        self._storage.put(self._keys.manifest, [self._manifest(files)])

    @property
    def _format(self) -> str:
        return self._config.get("file_format") or "JSONLines"

    def _previous_files(self) -> Sequence[str] | None:
        """The files of this interval in the manifest of an earlier run of this export; None without such a manifest."""
        text = self._storage.read(self._keys.manifest, MAX_MANIFEST_BYTES)
        try:
            manifest = json.loads(text) if text is not None else None
        except ValueError:
            return None
        # Another export may share the prefix: its files are not ours to delete.
        if not isinstance(manifest, Mapping) or manifest.get("export_id") != str(self._context.export_id):
            return None
        keys = manifest.get("files")
        return [key for key in keys if isinstance(key, str) and self._keys.owns(key)] if isinstance(keys, list) else []

    def _stale(self, previous: Iterable[str], current: set[str]) -> Sequence[str]:
        """Files of earlier tries, the last first, so that a crash leaves no gap that would end the next search."""
        listed = {key for key in previous if key not in current}
        unlisted = []
        for number in range(len(current), len(current) + MAX_STALE_FILES):
            key = self._keys.data(number)
            if key in current:
                continue
            if not self._storage.exists(key):
                break
            unlisted.append(key)
        return [*reversed(unlisted), *sorted(listed.difference(unlisted), reverse=True)]

    def _manifest(self, files: Sequence[WrittenFile]) -> bytes:
        context = self._context
        document = {
            "files": [file.key for file in files],
            "export_id": str(context.export_id),
            "run_id": str(context.run_id),
            "model": context.model,
            "data_interval_start": context.start.isoformat(),
            "data_interval_end": context.end.isoformat(),
            "file_format": self._format,
            "compression": self._config.get("compression"),
            "rows": sum(file.rows for file in files),
            "bytes": sum(file.bytes for file in files),
            "details": [
                {"key": file.key, "rows": file.rows, "bytes": file.bytes, "sha256": file.sha256} for file in files
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def keys_of(config: Mapping[str, Any], context: RunContext) -> ObjectKeys:
    """The keys of a run; raises PermanentFailure when the settings make none that can be used."""
    try:
        return object_keys(config, model=context.model, start=context.start, end=context.end)
    except Invalid as error:
        raise PermanentFailure(error.detail) from None


def _reported(blocks: Iterable[bytes], report: Callable[[int], None]) -> Iterator[bytes]:
    for block in blocks:
        yield block
        report(len(block))
