import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.ports import Lane
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.event_files import BadFile
from batch_exports.sources.event_store import EventStore
from batch_exports.sources.loading import LoadResult, load_file
from batch_exports.sources.samples import load_samples, sample_events

START = datetime(2024, 1, 1, tzinfo=UTC)

Event = dict[str, Any]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
EVENTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "uuid": st.uuids().map(str),
        "event": TEXT.filter(bool),
        "distinct_id": TEXT.filter(bool),
        "timestamp": st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 1, 23, 59), timezones=st.just(UTC)).map(  # noqa: DTZ001  # bounds are naive by contract
            datetime.isoformat
        ),
        "properties": st.dictionaries(TEXT, JSON, max_size=3),
    },
    optional={
        "person_id": st.uuids().map(str) | st.none(),
        "person_properties": st.dictionaries(TEXT, JSON, max_size=2) | st.none(),
        "elements_chain": TEXT,
    },
)


def event(**changes: Any) -> Event:
    fields = {
        "uuid": str(uuid4()),
        "event": "$pageview",
        "distinct_id": "someone",
        "timestamp": "2024-01-01T10:00:00Z",
        "properties": {"$browser": "Firefox"},
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(*events: Event | str | bytes, name: str = "events.jsonl") -> Path:
        lines = [
            line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
            for line in events
        ]
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


def lines_of(source: ClickHouseSource, project_id: int, days: int = 1) -> list[Event]:
    selection = Selection(project_id=project_id, model=Model.EVENTS, start=START, end=START + timedelta(days=days))
    with source.stream(selection, Lane.ARROW, query_id="test") as chunks:
        return [row for chunk in chunks for row in chunk.payload.to_pylist()]


@given(st.lists(EVENTS, max_size=8, unique_by=lambda each: each["uuid"]))
def test_what_is_loaded_comes_out_as_it_was(
    store: EventStore,
    source: ClickHouseSource,
    write: Callable[..., Path],
    new_project: Callable[[], int],
    events: list[Event],
) -> None:
    project_id = new_project()
    assert load_file(store, project_id, write(*events)) == LoadResult(len(events), 0)
    rows = {row["uuid"]: row for row in lines_of(source, project_id)}
    assert len(rows) == len(events)
    for each in events:
        row = rows[each["uuid"]]
        assert (row["event"], row["distinct_id"]) == (each["event"], each["distinct_id"])
        assert json.loads(row["properties"]) == each["properties"]
        assert json.loads(row["person_properties"]) == (each.get("person_properties") or {})
        assert row["person_id"] == each.get("person_id")
        assert row["elements_chain"] == each.get("elements_chain", "")
        assert row["timestamp"] == row["_inserted_at"] == row["created_at"] == datetime.fromisoformat(each["timestamp"])


@given(st.lists(EVENTS, min_size=1, max_size=5), st.lists(EVENTS, max_size=5), st.randoms())
def test_loading_again_adds_only_what_is_new(
    store: EventStore,
    source: ClickHouseSource,
    write: Callable[..., Path],
    new_project: Callable[[], int],
    old: list[Event],
    new: list[Event],
    chance: Any,
) -> None:
    project_id = new_project()
    load_file(store, project_id, write(*old, *old[:2]))
    mixed = [*old, *new, *new]
    chance.shuffle(mixed)
    before = {each["uuid"] for each in old}
    added = {each["uuid"] for each in new} - before
    assert load_file(store, project_id, write(*mixed)) == LoadResult(len(added), len(mixed) - len(added))
    assert sorted(row["uuid"] for row in lines_of(source, project_id)) == sorted(before | added)


def test_events_without_uuid_get_the_same_one_each_time(
    store: EventStore, source: ClickHouseSource, write: Callable[..., Path], new_project: Callable[[], int]
) -> None:
    path = write(event(uuid=...), event(uuid=..., distinct_id="other"), event(uuid=...), event())
    project_id, other_project = new_project(), new_project()
    assert load_file(store, project_id, path) == LoadResult(3, 1)
    assert load_file(store, project_id, path) == LoadResult(0, 4)
    assert load_file(store, other_project, path) == LoadResult(3, 1)
    derived = {UUID(row["uuid"]) for row in lines_of(source, project_id)}
    assert sorted(uuid.version or 0 for uuid in derived) == [4, 5, 5]
    assert len(derived & {UUID(row["uuid"]) for row in lines_of(source, other_project)}) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"event": "\xff"}', "not JSON"),
        (b'{"event": "\\ud800"}', "not JSON"),
        (event(timestamp="yesterday"), "timestamp: not an ISO 8601 date-time"),
        (event(timestamp="2024-13-01T00:00:00Z"), "timestamp: not an ISO 8601 date-time"),
        (event(timestamp="2024-01-01"), "timestamp: not an ISO 8601 date-time"),
        (event(timestamp=1704067200), "timestamp: must be an ISO 8601 date-time"),
        (event(timestamp="1969-12-31T23:59:59Z"), "timestamp: must lie between the years 1970 and 2105"),
        (event(timestamp="2106-01-01T00:00:00Z"), "timestamp: must lie between the years 1970 and 2105"),
        (event(timestamp=...), "timestamp: is required"),
        (event(event=None), "event: is required"),
        (event(event=""), "event: may not be blank"),
        (event(event=5), "event: must be text"),
        (event(distinct_id=...), "distinct_id: is required"),
        (event(uuid="42"), "uuid: not a UUID"),
        (event(person_id=7), "person_id: must be a UUID"),
        (event(properties=[1]), "properties: must be an object"),
        (event(properties="{broken"), "properties: not JSON"),
        (event(properties="[1]"), "properties: its JSON text is no object"),
        (event(elements_chain={}), "elements_chain: must be text"),
        (event(created_at="soon"), "created_at: not an ISO 8601 date-time"),
        (event(inserted_at=True), "inserted_at: must be an ISO 8601 date-time"),
        (event(inserted_at="2024-01-01T00:00Z", _inserted_at="2024-01-01T00:00Z"), "inserted_at: stands beside"),
        (event(ip="127.0.0.1"), "unknown field 'ip'"),
        (event(ip=None), "unknown field 'ip'"),
    ],
)
@pytest.mark.parametrize("line", [1, 2, 4021])
def test_a_bad_line_is_named_and_keeps_nothing_of_its_file(
    store: EventStore,
    source: ClickHouseSource,
    write: Callable[..., Path],
    project_id: int,
    bad: Event | bytes,
    reason: str,
    line: int,
) -> None:
    path = write(*[event()] * (line - 1), bad, event(), b"{")
    with pytest.raises(BadFile) as caught:
        load_file(store, project_id, path)
    assert str(caught.value).startswith(f"events.jsonl: line {line}: {reason}")
    assert "\n" not in str(caught.value)
    assert lines_of(source, project_id) == []


def test_blank_lines_count_as_lines_only(
    store: EventStore, source: ClickHouseSource, write: Callable[..., Path], project_id: int
) -> None:
    assert load_file(store, project_id, write(b"\xef\xbb\xbf", event(), b"", b" \t\r", event())) == LoadResult(2, 0)
    with pytest.raises(BadFile, match="line 4: not JSON"):
        load_file(store, project_id, write(event(), b"", b" \r", b"{"))


def test_naive_times_are_utc_and_other_zones_are_converted(
    store: EventStore, source: ClickHouseSource, write: Callable[..., Path], project_id: int
) -> None:
    times = [
        "2024-01-01T10:00:00",
        "2024-01-01 12:00:00.000+02:00",
        "2024-01-01t10:00z",
        "2024-01-01T10:00:00.0000009Z",
    ]
    load_file(store, project_id, write(*(event(timestamp=time) for time in times)))
    assert {row["timestamp"] for row in lines_of(source, project_id)} == {datetime(2024, 1, 1, 10, tzinfo=UTC)}


def test_events_arrive_when_they_say_or_now(
    store: EventStore, source: ClickHouseSource, write: Callable[..., Path], project_id: int
) -> None:
    path = write(event(inserted_at="2024-01-01T11:00:00Z"), event(_inserted_at="2024-01-01T12:00:00Z"), event())
    load_file(store, project_id, path)
    arrivals = sorted(row["_inserted_at"].hour for row in lines_of(source, project_id))
    assert arrivals == [10, 11, 12]
    begin = datetime.now(UTC)
    load_file(store, project_id + 1_000_000, path, arrived_now=True)
    present = Selection(
        project_id=project_id + 1_000_000, model=Model.EVENTS, start=begin, end=datetime.now(UTC) + timedelta(seconds=1)
    )
    assert source.count(present) == 3


def test_an_exported_file_can_be_loaded(
    store: EventStore,
    source: ClickHouseSource,
    write: Callable[..., Path],
    new_project: Callable[[], int],
    tmp_path: Path,
) -> None:
    first, second = new_project(), new_project()
    load_file(store, first, write(event(), event(properties={"n": 12345678901234567890123})))
    selection = Selection(project_id=first, model=Model.EVENTS, start=START, end=START + timedelta(days=1))
    with source.stream(selection, Lane.LINES, query_id="test") as chunks:
        (tmp_path / "export.jsonl").write_bytes(b"".join(chunk.payload for chunk in chunks))
    with source.stream(selection, Lane.ARROW, query_id="test") as chunks:
        parquet.write_table(pa.Table.from_batches([chunk.payload for chunk in chunks]), tmp_path / "export.parquet")
    assert load_file(store, second, tmp_path / "export.jsonl") == LoadResult(2, 0)
    assert load_file(store, second, tmp_path / "export.parquet") == LoadResult(0, 2)


def test_gzip_is_told_by_its_content(
    store: EventStore, source: ClickHouseSource, write: Callable[..., Path], project_id: int
) -> None:
    path = write(*(event() for _ in range(1000)))
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[:-100])
    with pytest.raises(BadFile, match="gzip data is damaged"):
        load_file(store, project_id, path)
    assert lines_of(source, project_id) == []
    path.write_bytes(packed)
    assert load_file(store, project_id, path) == LoadResult(1000, 0)


def parquet_columns(rows: int) -> dict[str, Any]:
    return {
        "uuid": pa.array([uuid4().bytes for _ in range(rows)], pa.binary(16)),
        "event": pa.array(["$pageview"] * rows).dictionary_encode(),
        "distinct_id": pa.array([f"user {number}" for number in range(rows)], pa.large_string()),
        "timestamp": pa.array([datetime(2024, 1, 1, 10)] * rows, pa.timestamp("ns")),  # noqa: DTZ001  # naive on purpose
        "properties": pa.array(['{"a": 1}'] * rows),
    }


def test_parquet_is_loaded_whatever_its_types(
    store: EventStore, source: ClickHouseSource, project_id: int, tmp_path: Path
) -> None:
    path = tmp_path / "events.parquet"
    columns = parquet_columns(20_000)
    parquet.write_table(pa.table(columns), path)
    assert load_file(store, project_id, path) == LoadResult(20_000, 0)
    assert load_file(store, project_id, path) == LoadResult(0, 20_000)
    rows = lines_of(source, project_id)
    assert {UUID(row["uuid"]).bytes for row in rows} == set(columns["uuid"].to_pylist())
    assert {row["timestamp"] for row in rows} == {datetime(2024, 1, 1, 10, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("properties", ['{"a": 1}'] * 9000 + ["{"] + ['{"a": 1}'] * 999, "row 9001: properties: not JSON"),
        ("event", ["a"] * 9999 + [None], "row 10000: event: is required"),
        ("timestamp", list(range(10_000)), "row 1: timestamp: must be an ISO 8601 date-time, the column holds int64"),
        ("ip", ["::1"] * 10_000, "unknown or repeated column 'ip'"),
    ],
)
def test_a_bad_row_of_a_parquet_file_is_named(
    store: EventStore,
    source: ClickHouseSource,
    project_id: int,
    tmp_path: Path,
    column: str,
    values: list[Any],
    message: str,
) -> None:
    path = tmp_path / "events.parquet"
    parquet.write_table(pa.table({**parquet_columns(10_000), column: pa.array(values)}), path)
    with pytest.raises(BadFile, match=message):
        load_file(store, project_id, path)
    assert lines_of(source, project_id) == []


def test_a_damaged_parquet_file_is_refused(store: EventStore, project_id: int, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    path.write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(BadFile, match="Parquet data is damaged"):
        load_file(store, project_id, path)


def test_a_file_that_is_not_there_is_refused(store: EventStore, project_id: int, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"nothing\.jsonl: cannot be read: No such file"):
        load_file(store, project_id, tmp_path / "nothing.jsonl")


LOAD = """
import sys
from pathlib import Path
from batch_exports.sources.event_store import EventStore
from batch_exports.sources.loading import load_file
with EventStore.open(Path(sys.argv[1])) as store:
    print(load_file(store, 1, Path(sys.argv[2])), flush=True)
"""


LONG_FILE_ROWS = 30_000


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events that take a second or more to load."""
    path = tmp_path_factory.mktemp("long") / "events.jsonl"
    pad = {"pad": "x" * 2000}
    with path.open("w") as file:
        file.writelines(json.dumps(event(properties=pad)) + "\n" for _ in range(LONG_FILE_ROWS))
    return path


@pytest.mark.parametrize("kill_store", [False, True])
@pytest.mark.parametrize("stage", ["staging", "publishing"])
def test_a_load_killed_in_the_middle_is_completed_by_loading_again(
    data_dir: Path, long_file: Path, stage: str, kill_store: bool
) -> None:
    rows, path = LONG_FILE_ROWS, long_file
    with EventStore.open(data_dir) as store:
        client = store.client()
        loader = subprocess.Popen([sys.executable, "-c", LOAD, str(data_dir), str(path)], cwd=Path(__file__).parents[2])
        table = "staged_events" if stage == "staging" else "events"
        while not int(client.raw_query(f"SELECT count() FROM {table}")):
            assert loader.poll() is None
        if kill_store:
            os.kill(store.address().pid, signal.SIGKILL)
        loader.kill()
        loader.wait()
        client.close()
        result = load_file(store, 1, path)
        assert result.loaded + result.already_present == rows
        if stage == "staging":
            assert result.already_present == 0
        with ClickHouseSource(store.client).stream(
            Selection(project_id=1, model=Model.EVENTS, start=START, end=START + timedelta(days=1)),
            Lane.ARROW,
            query_id="test",
        ) as chunks:
            uuids = [uuid for chunk in chunks for uuid in chunk.payload["uuid"].to_pylist()]
        assert len(uuids) == len(set(uuids)) == rows


def test_samples_are_the_same_each_time_and_lie_in_their_hours(
    store: EventStore, source: ClickHouseSource, project_id: int
) -> None:
    until = START + timedelta(days=1)
    assert load_samples(store, project_id, until=until, hours=3, per_hour=200) == LoadResult(600, 0)
    assert load_samples(store, project_id, until=until, hours=3, per_hour=200) == LoadResult(0, 600)
    for hour in range(21, 24):
        start = START + timedelta(hours=hour)
        selection = Selection(project_id=project_id, model=Model.EVENTS, start=start, end=start + timedelta(hours=1))
        assert source.count(selection) == 200
    assert {UUID(row["uuid"]).version for row in lines_of(source, project_id)} == {7}


def test_samples_of_another_project_or_seed_are_others() -> None:
    def uuids(project_id: int, seed: int) -> set[str]:
        batches = sample_events(project_id, until=START, hours=1, per_hour=50, seed=seed)
        return {uuid for batch in batches for uuid in batch.columns["uuid"]}

    assert len(uuids(1, 1) | uuids(2, 1) | uuids(1, 2)) == 150
