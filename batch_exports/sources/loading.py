"""Loads events into the embedded store: each file wholly or not at all, each event once.

Rows are staged in a private table and checked there and then; only a file that is good to its end is published. A load
that is cut off while it publishes leaves whole events, and loading the file again adds just those that are missing.
"""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from batch_exports.sources.event_fields import STAGE_SCHEMA, BadRows, stage_batch
from batch_exports.sources.event_files import BadFile, RawBatch, read_batches
from batch_exports.sources.event_store import EventStore
from batch_exports.sources.failures import store_errors
from batch_exports.sources.schema import EVENTS, STAGE
from batch_exports.sources.store_files import FileLock

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_INSERT_BYTES = 32 << 20
_SLICE_ROWS = 500_000
_HASH_END = 1 << 64
_PAUSE = 0.05
_QUERY_ID_PREFIX = "load-"
_SETTINGS = {
    "max_insert_block_size": "65536",
    "min_insert_block_size_rows": "65536",
    "min_insert_block_size_bytes": str(64 << 20),
    "max_threads": "2",
    "max_memory_usage": str(2 << 30),
}


@dataclass(frozen=True, slots=True)
class LoadResult:
    """How many events of a file are new, and how many had been there before (or stood in the file twice)."""

    loaded: int
    already_present: int


def load_file(store: EventStore, project_id: int, path: Path, *, arrived_now: bool = False) -> LoadResult:
    """Load a JSONLines or Parquet file; raises BadFile, and nothing of the file is kept.

    An event arrives at its own `inserted_at`, else at its `timestamp`, so that history takes its place in time;
    with `arrived_now` all arrive at the present moment.
    """
    return load_batches(store, project_id, path.name, read_batches(path), arrived_now=arrived_now)


def load_batches(
    store: EventStore, project_id: int, name: str, batches: Iterable[RawBatch], *, arrived_now: bool = False
) -> LoadResult:
    """Load batches of events as `load_file` loads a file of that name."""
    lock = FileLock(store.files.loading).acquire()
    try:
        client = store.client()
        try:
            with store_errors():
                _wait_for_abandoned_loads(client)
                with _empty_stage(client):
                    total = _fill(client, _checked(batches, name, project_id))
                    loaded = _publish(client, project_id, total, arrived_now=arrived_now)
        finally:
            client.close()
    finally:
        lock.release()
    return LoadResult(loaded=loaded, already_present=total - loaded)


def _settings() -> dict[str, str]:
    return {**_SETTINGS, "query_id": f"{_QUERY_ID_PREFIX}{uuid4()}"}


def _wait_for_abandoned_loads(client: "Client") -> None:
    # With the lock in hand, a load that still runs in the store belongs to a process that died; it ends by itself.
    running = f"SELECT count() FROM system.processes WHERE startsWith(Settings['log_comment'], '{_QUERY_ID_PREFIX}')"  # noqa: S608
    while int(client.raw_query(running)):
        time.sleep(_PAUSE)


@contextmanager
def _empty_stage(client: "Client") -> Iterator[None]:
    client.command(f"TRUNCATE TABLE {STAGE}")
    try:
        yield
    finally:
        client.command(f"TRUNCATE TABLE {STAGE}")


def _checked(batches: Iterable[RawBatch], name: str, project_id: int) -> Iterator[pa.RecordBatch]:
    for raw in batches:
        try:
            yield stage_batch(raw, project_id)
        except BadRows as bad:
            raise BadFile(name, raw.numbers[bad.first.index], bad.first.reason, unit=raw.unit) from None


def _fill(client: "Client", batches: Iterable[pa.RecordBatch]) -> int:
    total = 0
    for group in _grouped(batches):
        total += sum(batch.num_rows for batch in group)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, STAGE_SCHEMA) as writer:
            for batch in group:
                writer.write_batch(batch)
        client.raw_insert(STAGE, insert_block=sink.getvalue().to_pybytes(), fmt="ArrowStream", settings=_settings())
    return total


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= _INSERT_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _publish(client: "Client", project_id: int, total: int, *, arrived_now: bool) -> int:
    # Slice by slice of the key space, so that the sets of keys to compare stay small however large the file is.
    slices = math.ceil(total / _SLICE_ROWS)
    loaded = 0
    for number in range(slices):
        first = number * _HASH_END // slices
        last = (number + 1) * _HASH_END // slices - 1
        part = f"{STAGE} WHERE cityHash64(uuid) BETWEEN {first} AND {last}"
        before = _count_present(client, part, project_id)
        client.command(_publish_query(part, project_id, arrived_now=arrived_now), settings=_settings())
        after = _count_present(client, part, project_id)
        expected = int(client.raw_query(f"SELECT uniqExact(uuid) FROM {part}"))  # noqa: S608  # names of ours
        if after != expected:
            raise RuntimeError(f"Of {expected} events {after} are in the store. Load the file again.")
        loaded += after - before
    return loaded


def _count_present(client: "Client", part: str, project_id: int) -> int:
    return int(
        client.raw_query(
            f"SELECT count() FROM {EVENTS} WHERE project_id = {int(project_id)} AND uuid IN (SELECT uuid FROM {part})"  # noqa: S608
        )
    )


def _publish_query(part: str, project_id: int, *, arrived_now: bool) -> str:
    arrival = "now64(6, 'UTC')" if arrived_now else "ifNull(inserted_at, timestamp)"
    present = f"SELECT uuid FROM {EVENTS} WHERE project_id = {int(project_id)} AND uuid IN (SELECT uuid FROM {part})"  # noqa: S608
    return f"""
        INSERT INTO {EVENTS} (project_id, uuid, event, distinct_id, person_id, properties, person_properties,
                              elements_chain, timestamp, created_at, inserted_at)
        SELECT {int(project_id)}, uuid, event, distinct_id, person_id, properties, person_properties, elements_chain,
               timestamp, ifNull(created_at, arrival), {arrival} AS arrival
        FROM (SELECT * FROM {part} AND uuid NOT IN ({present}) ORDER BY cityHash64(uuid), uuid, line LIMIT 1 BY uuid)
    """  # noqa: S608  # names and numbers of ours
