"""One export of the benchmark's events by one program; prints what it cost as a line of JSON."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from batch_exports.domain.selections import Selection
from benchmarks.export.data import SELECTION
from benchmarks.export.measure import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch_exports.destinations.registry import DestinationRegistry
    from batch_exports.ports import RunContext, Source, WrittenFile

# What a service has behind it after its first run: libraries loaded, connections open, code paths warm.
WARM_UP = replace(SELECTION, end=SELECTION.start + timedelta(minutes=5))
CODECS = {"Parquet": "zstd", "JSONLines": "gzip"}


def ours(folder: Path, file_format: str, destination: dict[str, Any], compression: str | None) -> dict[str, Any]:
    """A whole run as the service does it: stream, encode, hash, write, manifest."""
    from batch_exports.destinations.egress_gate import EgressGate  # noqa: PLC0415 - each variant loads its own
    from batch_exports.destinations.registry import DestinationRegistry  # noqa: PLC0415
    from batch_exports.domain.egress import EgressMode, EgressPolicy  # noqa: PLC0415
    from batch_exports.ports import RunContext  # noqa: PLC0415
    from batch_exports.sources.clickhouse import ClickHouseSource  # noqa: PLC0415
    from batch_exports.sources.event_store import EventStore  # noqa: PLC0415

    config = {**destination, "file_format": file_format, "compression": compression}
    context = RunContext(
        run_id=uuid4(),
        export_id=UUID(int=1),
        project_id=1,
        model="events",
        start=SELECTION.start,
        end=SELECTION.end,
        config=config,
    )
    with (
        closing(EgressGate(EgressPolicy(EgressMode.LOOPBACK))) as gate,
        EventStore.open(folder / "store") as store,
        closing(ClickHouseSource(store.client, trusts_text=True)) as source,
    ):
        registry = DestinationRegistry(gate, file_root=folder)
        export(source, registry, replace(context, end=WARM_UP.end), WARM_UP)
        expected = source.count(SELECTION)
        with measured((store.address().pid,)) as cost:
            files = export(source, registry, context, SELECTION)
    rows = sum(file.rows for file in files)
    assert rows == expected
    return {**asdict(cost), "rows": rows, "bytes": sum(file.bytes for file in files)}


def export(
    source: "Source", registry: "DestinationRegistry", context: "RunContext", selection: Selection
) -> "Sequence[WrittenFile]":
    """One run."""
    writer = registry.open("S3" if "bucket_name" in context.config else "File", context)
    with source.stream(selection, writer.lane, query_id=uuid4().hex) as chunks:
        files = writer.write_part(0, 0, chunks, lambda _: None)
    writer.commit(files)
    return files


def duckdb_copy(
    folder: Path, file_format: str, _destination: dict[str, Any], compression: str | None
) -> dict[str, Any]:
    """DuckDB's COPY of the same rows and columns to a local file."""
    import duckdb  # noqa: PLC0415 - each variant loads its own

    target = folder / "copy.out"
    layout = "parquet" if file_format == "Parquet" else "json"

    def copy(selection: Selection) -> int:
        (rows,) = database.execute(
            "COPY (SELECT uuid, event, distinct_id, person_id, properties, person_properties, elements_chain, "
            "timestamp, created_at, inserted_at AS _inserted_at FROM events WHERE project_id = 1 "
            f"AND inserted_at >= '{selection.start}' AND inserted_at < '{selection.end}') TO '{target}' "
            f"(FORMAT {layout}, COMPRESSION {compression or 'uncompressed'})"
        ).fetchone() or (0,)
        return int(rows)

    with duckdb.connect(folder / "events.duckdb", read_only=True) as database:
        copy(WARM_UP)
        with measured() as cost:
            rows = copy(SELECTION)
        return {**asdict(cost), "rows": rows, "bytes": target.stat().st_size}


VARIANTS: dict[str, Callable[..., dict[str, Any]]] = {"ours": ours, "duckdb": duckdb_copy}


def main() -> None:
    """Run one variant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file_format")
    parser.add_argument("destination", type=json.loads)
    parser.add_argument("--compression")
    options = parser.parse_args()
    compression = None if options.compression == "none" else options.compression or CODECS[options.file_format]
    print(json.dumps(VARIANTS[options.variant](options.folder, options.file_format, options.destination, compression)))


if __name__ == "__main__":
    main()
