"""What the conformance suite needs of a place to write to: a config, and a look at what a reader sees."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import obstore
from obstore.store import S3Store

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.ports import Chunk, Lane, RunContext, Writer, WrittenFile
from tests.formats.chunks import arrow_chunks, line_chunks
from tests.seaweed import FULL, REGION, SeaweedServer

START = datetime(2025, 3, 1, 12, tzinfo=UTC)
EXPORT_ID = UUID(int=7)
LOOPBACK = EgressPolicy(EgressMode.LOOPBACK)


class World(Protocol):
    """A destination that a test may write to, and nobody else does."""

    kind: str
    registry: DestinationRegistry
    config: Mapping[str, Any]

    def objects(self) -> dict[str, bytes]:
        """All that a reader of the destination sees, by key."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Put an object behind the writer's back."""
        ...

    def unfinished(self) -> list[str]:
        """Leftovers that no reader sees."""
        ...


@dataclass
class S3World:
    """A prefix of a bucket of the real server."""

    server: SeaweedServer
    bucket: str
    gate: EgressGate
    kind: str = "S3"
    prefix: str = field(default_factory=lambda: f"conformance/{uuid4().hex}")

    @property
    def registry(self) -> DestinationRegistry:
        return DestinationRegistry(self.gate)

    @property
    def config(self) -> Mapping[str, Any]:
        return {**self.server.config(self.bucket), "prefix": self.prefix}

    def objects(self) -> dict[str, bytes]:
        keys = [entry["path"] for page in obstore.list(self._reader, prefix=self.prefix) for entry in page]
        return {key: bytes(obstore.get(self._reader, key).bytes()) for key in keys}

    def put(self, key: str, content: bytes) -> None:
        obstore.put(self._reader, key, content)

    @property
    def _reader(self) -> S3Store:
        return S3Store(
            self.bucket,
            endpoint=self.server.endpoint_url,
            access_key_id=FULL.access_key,
            secret_access_key=FULL.secret_key,
            region=REGION,
            client_options={"allow_http": True},
        )

    def unfinished(self) -> list[str]:
        return self.server.unfinished_uploads(self.bucket)


@dataclass
class FileWorld:
    """A folder below a root of its own."""

    root: Path
    kind: str = "File"

    @property
    def registry(self) -> DestinationRegistry:
        return DestinationRegistry(EgressGate(LOOPBACK), file_root=self.root)

    @property
    def config(self) -> Mapping[str, Any]:
        return {"path": "exports", "prefix": "events"}

    def objects(self) -> dict[str, bytes]:
        folder = self.root / "exports"
        files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    def put(self, key: str, content: bytes) -> None:
        (self.root / "exports" / key).write_bytes(content)

    def unfinished(self) -> list[str]:
        return [str(path) for path in self.root.rglob(".*")]


def context(world: World, *, export_id: UUID = EXPORT_ID, hour: int = 0, **config: Any) -> RunContext:
    """One run of an export to that world."""
    start = START + timedelta(hours=hour)
    return RunContext(
        run_id=uuid4(),
        export_id=export_id,
        project_id=1,
        model="events",
        start=start,
        end=start + timedelta(hours=1),
        config={**world.config, **config},
    )


def open_writer(world: World, **settings: Any) -> Writer:
    """A writer for a new run."""
    return world.registry.open(world.kind, context(world, **settings))


def chunks_of(writer: Writer, rows: list[dict[str, Any]], size: int = 100) -> Iterator[Chunk]:
    """The rows in the lane of the writer."""
    return arrow_chunks(rows, size) if writer.lane is Lane.ARROW else line_chunks(rows, size)


def export(world: World, rows: list[dict[str, Any]], **settings: Any) -> list[WrittenFile]:
    """A whole run: one part, then the commit."""
    writer = open_writer(world, **settings)
    files = list(writer.write_part(0, 0, chunks_of(writer, rows), lambda _: None))
    writer.commit(files)
    return files
