"""The tables of the embedded event store; a cluster brings a table or view `events` of the same columns."""

from collections.abc import Callable

DATABASE = "batch_exports"
EVENTS = "events"
STAGE = "staged_events"
"""Where the one load at a time keeps its rows; emptied, never dropped, for the engine keeps dropped tables for long."""

_EVENTS_TABLE = f"""
CREATE TABLE IF NOT EXISTS {DATABASE}.{EVENTS} (
    project_id Int64,
    uuid UUID,
    event LowCardinality(String),
    distinct_id String,
    person_id Nullable(UUID),
    properties String CODEC(ZSTD(1)),
    person_properties String CODEC(ZSTD(1)),
    elements_chain String CODEC(ZSTD(1)),
    timestamp DateTime64(6, 'UTC'),
    created_at DateTime64(6, 'UTC'),
    inserted_at DateTime64(6, 'UTC')
) ENGINE = MergeTree
ORDER BY (project_id, toStartOfHour(inserted_at), event, cityHash64(distinct_id), cityHash64(uuid))
"""

_STAGE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {DATABASE}.{STAGE} (
    line UInt64,
    uuid UUID,
    event String,
    distinct_id String,
    person_id Nullable(UUID),
    properties String CODEC(ZSTD(1)),
    person_properties String CODEC(ZSTD(1)),
    elements_chain String CODEC(ZSTD(1)),
    timestamp DateTime64(6, 'UTC'),
    created_at Nullable(DateTime64(6, 'UTC')),
    inserted_at Nullable(DateTime64(6, 'UTC'))
) ENGINE = MergeTree
ORDER BY (cityHash64(uuid), uuid, line)
"""

# What exports rely on. Rows that are older than this came through a loader that has always refused other text.
_TEXT_IS_UTF8 = f"""
ALTER TABLE {DATABASE}.{EVENTS} ADD CONSTRAINT IF NOT EXISTS text_is_utf8 CHECK
    isValidUTF8(event) AND isValidUTF8(distinct_id) AND isValidUTF8(properties)
    AND isValidUTF8(person_properties) AND isValidUTF8(elements_chain)
"""

# Steps are only ever appended: the number of the last one done is the version of a store.
STEPS = (_EVENTS_TABLE, _STAGE_TABLE, _TEXT_IS_UTF8)


class NewerStore(Exception):
    """The store was made by a newer version of this program."""


def prepare(run: Callable[[str], bytes]) -> None:
    """Bring a store to the present version; `run` takes one statement and gives its result as text."""
    run(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    run(f"CREATE TABLE IF NOT EXISTS {DATABASE}.versions (version UInt32) ENGINE = MergeTree ORDER BY version")
    version = int(run(f"SELECT max(version) FROM {DATABASE}.versions"))  # noqa: S608  # a constant of ours
    if version > len(STEPS):
        raise NewerStore(f"The event store has version {version}, this program knows versions up to {len(STEPS)}.")
    for number, step in enumerate(STEPS[version:], start=version + 1):
        run(step)
        run(f"INSERT INTO {DATABASE}.versions VALUES ({number})")  # noqa: S608  # a number of ours
    run(f"TRUNCATE TABLE {DATABASE}.{STAGE}")
