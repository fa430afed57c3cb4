import itertools
import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.ports import Lane
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.event_store import EventStore

START = datetime(2024, 1, 1, tzinfo=UTC)

COLUMNS = [
    "uuid",
    "event",
    "distinct_id",
    "person_id",
    "properties",
    "person_properties",
    "elements_chain",
    "timestamp",
    "created_at",
    "_inserted_at",
]
Cells = tuple[bytes, bytes, bytes, bytes]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.encode)
BYTES = st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode(errors="surrogatepass"))
JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=6,
).flatmap(
    lambda value: st.sampled_from([None, 1, "\t"]).map(
        lambda indent: json.dumps(value, indent=indent, ensure_ascii=indent == 1).encode()
    )
)
DOCUMENTS = JSON_TEXTS | BYTES


def read(source: ClickHouseSource, selection: Selection, lane: Lane) -> list[dict[str, Any]]:
    with source.stream(selection, lane, query_id="test") as stream:
        chunks = list(stream)
    rows: list[dict[str, Any]] = []
    for chunk in chunks:
        if lane is Lane.ARROW:
            chunk.payload.validate(full=True)
            read = chunk.payload.to_pylist()
        else:
            assert chunk.payload.endswith(b"\n")
            read = [json.loads(line) for line in chunk.payload.decode().split("\n")[:-1]]
        assert chunk.rows == len(read)
        rows += read
    return rows


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("rows", [0, 1, 100_000])
def test_each_lane_gives_every_row_once(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None], lane: Lane, rows: int
) -> None:
    insert(rows)
    read_rows = read(source, select(), lane)
    assert source.count(select()) == rows
    assert len({row["uuid"] for row in read_rows}) == len(read_rows) == rows


def test_the_earliest_row_is_the_first_that_arrived_inside_the_selection(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    assert source.earliest(select(), seconds=30) is None
    insert(100)
    assert source.earliest(select(), seconds=30) == START
    later = START + timedelta(microseconds=1)
    assert source.earliest(select(start=later), seconds=30) == START + timedelta(microseconds=100_000)
    assert source.earliest(select(include_events=("event 3",)), seconds=30) == START + timedelta(microseconds=300_000)
    assert source.earliest(select(include_events=("none",)), seconds=30) is None


def test_a_question_that_takes_too_long_is_given_up(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(300_000)
    slow = select(filters=({"type": "event", "key": "padding", "operator": "regex", "value": "(x+x+)+y"},))
    for ask in (source.earliest, source.count):
        with pytest.raises(RetryableFailure, match="broke off"):
            ask(slow, seconds=0.05)


def test_the_columnar_lane_has_the_columns_of_an_events_export(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(1)
    with source.stream(select(), Lane.ARROW, query_id="test") as chunks:
        schema = next(chunks).payload.schema
    instants = {"timestamp", "created_at", "_inserted_at"}
    assert schema.names == COLUMNS
    for field in schema:
        assert field.type == (pa.timestamp("us", tz="UTC") if field.name in instants else pa.string())


@given(st.lists(st.tuples(TEXTS, TEXTS, JSON_TEXTS | TEXTS, JSON_TEXTS | TEXTS), min_size=1, max_size=8))
@example([("\u2028é😀".encode(), b"\x7f\x00", b'{"n": 12345678901234567890123}', b'"\\ud800"')])
def test_both_lanes_give_the_same_rows_and_every_line_is_json(
    source: ClickHouseSource, client: Any, new_project: Callable[[], int], rows: Sequence[Cells]
) -> None:
    check_lanes(source, client, new_project(), "events", rows)


@given(st.lists(st.tuples(BYTES, BYTES, DOCUMENTS, DOCUMENTS), min_size=1, max_size=8))
@example([(b"\xff\x00'\\", b"\n\r\t\x1f", b'{"a":\n 1}', b'{"broken'), (b"", b'"', b"", b'{"a":"\xff"}')])
def test_bytes_that_are_no_text_are_repaired_alike_in_both_lanes(
    cluster: ClickHouseSource, client: Any, new_project: Callable[[], int], rows: Sequence[Cells]
) -> None:
    check_lanes(cluster, client, new_project(), "cluster.events", rows)


def check_lanes(source: ClickHouseSource, client: Any, project_id: int, table: str, rows: Sequence[Cells]) -> None:
    tuples = [[*(f"unhex('{cell.hex()}')" for cell in row), f"'{UUID(int=at)}'"] for at, row in enumerate(rows)]
    values = ", ".join(f"({', '.join(cells)})" for cells in tuples)
    client.command(f"""
        INSERT INTO {table} SELECT {project_id}, toUUID(cells.5), cells.1, cells.2, toUUID(cells.5), cells.3, cells.4,
            cells.2, arrival, arrival, toDateTime64('2024-01-01 00:00:00.000001', 6, 'UTC') AS arrival
        FROM (SELECT arrayJoin([{values}]) AS cells)
    """)  # hexadecimal digits
    selection = Selection(project_id=project_id, model=Model.EVENTS, start=START, end=START + timedelta(hours=1))
    columnar = {row["uuid"]: row for row in read(source, selection, Lane.ARROW)}
    lines = {row["uuid"]: row for row in read(source, selection, Lane.LINES)}
    assert len(lines) == len(rows)
    assert {uuid: as_line(row) for uuid, row in columnar.items()} == {
        uuid: {**row, "properties": loose(row["properties"]), "person_properties": loose(row["person_properties"])}
        for uuid, row in lines.items()
    }


def as_line(row: dict[str, Any]) -> dict[str, Any]:
    instants = {
        name: row[name].isoformat(timespec="microseconds") for name in ("timestamp", "created_at", "_inserted_at")
    }
    documents = {name: loose(row[name]) for name in ("properties", "person_properties")}
    return {**row, **documents, **instants}


def loose(value: Any) -> Any:
    """Read JSON text as what it means, so that a document and its text compare equal."""
    try:
        return loose(json.loads(value)) if isinstance(value, str) else json.dumps(value)
    except json.JSONDecodeError:
        return json.dumps(value)


def test_lines_keep_the_structure_of_their_documents(source: ClickHouseSource, client: Any, project_id: int) -> None:
    client.command(f"""
        INSERT INTO events VALUES ({project_id}, '0190a1b2-0000-7000-8000-000000000001', 'e', 'd', NULL,
            '{{"a": [1, {{"b": "c"}}]}}', 'not json', 'chain', '2024-01-01 00:00:00', '2024-01-01 00:00:01.5',
            '2024-01-01 00:00:02.000001')
    """)
    selection = Selection(project_id=project_id, model=Model.EVENTS, start=START, end=START + timedelta(hours=1))
    assert read(source, selection, Lane.LINES) == [
        {
            "uuid": "0190a1b2-0000-7000-8000-000000000001",
            "event": "e",
            "distinct_id": "d",
            "person_id": None,
            "properties": {"a": [1, {"b": "c"}]},
            "person_properties": "not json",
            "elements_chain": "chain",
            "timestamp": "2024-01-01T00:00:00.000000+00:00",
            "created_at": "2024-01-01T00:00:01.500000+00:00",
            "_inserted_at": "2024-01-01T00:00:02.000001+00:00",
        }
    ]


@given(cuts=st.lists(st.integers(0, 100_000_000), min_size=1, max_size=4, unique=True))
def test_adjoining_intervals_share_the_rows_without_gap_or_overlap(
    source: ClickHouseSource, client: Any, new_project: Callable[[], int], cuts: list[int]
) -> None:
    project_id = new_project()
    moments = sorted({*cuts, *(cut + 1 for cut in cuts), *(max(cut - 1, 0) for cut in cuts)})
    client.command(f"""
        INSERT INTO events SELECT {project_id}, generateUUIDv4(), 'e', 'd', NULL, '{{}}', '{{}}', '', arrival, arrival,
            toDateTime64('2024-01-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(arrayJoin({moments})) AS arrival
    """)  # numbers of ours
    bounds = [START, *(START + timedelta(microseconds=cut) for cut in sorted(cuts)), START + timedelta(days=1)]

    def expected(start: datetime, end: datetime) -> int:
        return sum(start <= START + timedelta(microseconds=moment) < end for moment in moments)

    for start, end in itertools.pairwise(bounds):
        selection = Selection(project_id=project_id, model=Model.EVENTS, start=start, end=end)
        assert source.count(selection) == expected(start, end)


def test_a_row_belongs_to_the_interval_in_which_it_arrived_whenever_it_happened(
    source: ClickHouseSource, select: Callable[..., Selection], client: Any, project_id: int
) -> None:
    late = [-400, 7, 9, 4000]
    client.command(f"""
        INSERT INTO events SELECT {project_id}, generateUUIDv4(), 'e', 'd', NULL, '{{}}', '{{}}', '',
            arrival - toIntervalDay(arrayJoin({late})), arrival,
            toDateTime64('2024-01-01 12:00:00', 6, 'UTC') AS arrival
    """)  # numbers of ours

    assert source.count(select()) == len(late)
    for days in late:
        day = START - timedelta(days=days)
        assert source.count(select(start=day, end=day + timedelta(days=1))) == 0


def test_projects_see_only_their_own_rows(
    source: ClickHouseSource,
    select: Callable[..., Selection],
    insert: Callable[..., None],
    new_project: Callable[[], int],
) -> None:
    insert(5)
    assert source.count(select(project_id=new_project())) == 0


def test_events_are_included_then_excluded_by_name(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(100)
    assert source.count(select(include_events=("event 1", "event 2"))) == 40
    assert source.count(select(exclude_events=("event 1",))) == 80
    assert source.count(select(include_events=("event 1", "event 2"), exclude_events=("event 2",))) == 20


def test_a_selection_may_name_thousands_of_events(source: ClickHouseSource, select: Callable[..., Selection]) -> None:
    assert source.count(select(include_events=tuple(f"{'long ' * 20}{number}" for number in range(5000)))) == 0


@pytest.mark.parametrize("model", [Model.PERSONS, Model.SESSIONS])
def test_models_that_the_store_lacks_are_refused_by_name(
    source: ClickHouseSource, select: Callable[..., Selection], model: Model
) -> None:
    with pytest.raises(PermanentFailure, match=f"exports the model 'events' only, the export asks for '{model}'"):
        source.count(select(model=model))


@pytest.mark.parametrize("lane", Lane)
def test_a_killed_stream_raises(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None], lane: Lane
) -> None:
    insert(400_000)

    def read_killed() -> int:
        rows = 0
        with source.stream(select(), lane, query_id="to kill") as chunks:
            for chunk in chunks:
                rows += chunk.rows
                source.kill("to kill")
        return rows

    with pytest.raises(RetryableFailure, match="Query was cancelled"):
        read_killed()


def test_killing_what_has_ended_changes_nothing(source: ClickHouseSource) -> None:
    source.kill("never ran' OR '1' = '1")


def test_two_streams_run_side_by_side(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(50_000)
    with (
        source.stream(select(), Lane.ARROW, query_id="one") as first,
        source.stream(select(), Lane.LINES, query_id="two") as second,
    ):
        pairs = list(itertools.zip_longest(first, second))
    assert sum(pair[0].rows for pair in pairs if pair[0]) == 50_000
    assert sum(pair[1].rows for pair in pairs if pair[1]) == 50_000


def test_counts_stay_exact_while_other_intervals_fill(
    source: ClickHouseSource,
    select: Callable[..., Selection],
    insert: Callable[..., None],
    client: Any,
    project_id: int,
) -> None:
    insert(100_000)
    stop = threading.Event()

    def fill() -> None:
        while not stop.is_set():
            client.command(f"""
                INSERT INTO events SELECT {project_id}, generateUUIDv4(), 'late', 'd', NULL, '{{}}', '{{}}', '',
                    now64(6), now64(6), toDateTime64('2024-01-02 00:00:00', 6, 'UTC') FROM numbers(1000)
            """)  # numbers of ours

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        for lane in Lane:
            assert len(read(source, select(), lane)) == 100_000
    finally:
        stop.set()
        filling.join()


def test_a_wrong_password_is_permanent_and_shows_no_secret(store: EventStore, select: Callable[..., Selection]) -> None:
    address = store.address()
    source = ClickHouseSource.of_cluster(
        url=f"http://{address.host}:{address.port}", user=address.user, password="hush", database="batch_exports"
    )
    with pytest.raises(PermanentFailure, match="refused the credentials") as caught:
        source.count(select())
    assert "hush" not in str(caught.value)


def test_a_missing_database_is_permanent(store: EventStore, select: Callable[..., Selection]) -> None:
    address = store.address()
    source = ClickHouseSource.of_cluster(
        url=f"http://{address.host}:{address.port}", user=address.user, password=address.password, database="elsewhere"
    )
    with pytest.raises(PermanentFailure, match="elsewhere"):
        source.count(select())


def test_a_store_that_does_not_answer_is_a_passing_fault(select: Callable[..., Selection]) -> None:
    source = ClickHouseSource.of_cluster(url="http://127.0.0.1:1", user="u", password="p", database="d")
    with pytest.raises(RetryableFailure, match="does not answer"):
        source.count(select())


def test_uuids_are_uuids(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(3)
    assert all(UUID(row["uuid"]).version == 4 for row in read(source, select(), Lane.ARROW))
