import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, Error
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.sources.event_store import EventStore

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@pytest.fixture
def table(client: Any, new_project: Callable[[], int]) -> str:
    name = f"test_{new_project()}"
    client.command(f"CREATE TABLE {name} (number UInt64, text String) ENGINE = MergeTree ORDER BY number")
    return name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "wrong"},
        {"Authorization": "Basic " + b64encode(b"default:wrong").decode()},
        {"Authorization": "Basic not base64"},
        {"Authorization": "Bearer x"},
    ],
)
@pytest.mark.parametrize("path", ["/ping", "/?query=SELECT%201"])
def test_nothing_is_answered_without_the_password(store: EventStore, headers: dict[str, str], path: str) -> None:
    address = store.address()
    connection = HTTPConnection(address.host, address.port)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.status == 403
    assert response.getheader("X-ClickHouse-Exception-Code") == "516"
    connection.close()


def test_a_user_of_another_name_is_refused(store: EventStore) -> None:
    address = store.address()
    with pytest.raises(DatabaseError, match="Authentication failed"):
        clickhouse_connect.get_client(host=address.host, port=address.port, username="other", password=address.password)


@given(text=TEXT, texts=st.lists(TEXT, max_size=3), number=st.integers(0, 2**64 - 1))
@settings(max_examples=25)
def test_parameters_arrive_as_they_were_sent(client: Any, text: str, texts: list[str], number: int) -> None:
    rows = client.query(
        "SELECT {text:String}, {texts:Array(String)}, {number:UInt64}",
        parameters={"text": text, "texts": texts, "number": number},
    ).result_rows
    assert rows == [(text, texts, number)]


def test_rows_are_inserted_in_every_way_the_client_knows(client: Any, table: str) -> None:
    client.insert(table, [[1, "native"]], column_names=["number", "text"])
    client.insert_arrow(table, pa.table({"number": pa.array([2], pa.uint64()), "text": ["arrow"]}))
    client.raw_insert(table, ["number", "text"], b'{"number": 3, "text": "lines"}\n', fmt="JSONEachRow")
    client.raw_insert(table, ["number", "text"], (row for row in [b"4,gene", b"rator\n"]), fmt="CSV")
    client.command(f"INSERT INTO {table} VALUES (5, 'FORMAT Native')")
    assert client.query(f"SELECT number, text FROM {table} ORDER BY number").result_rows == [
        (1, "native"),
        (2, "arrow"),
        (3, "lines"),
        (4, "generator"),
        (5, "FORMAT Native"),
    ]


def test_settings_hold_for_one_query_only(client: Any) -> None:
    query = "SELECT getSetting('max_block_size')"
    before = client.query(query).result_rows
    assert client.query(query, settings={"max_block_size": 77}).result_rows == [(77,)]
    assert client.query(query).result_rows == before


@pytest.mark.parametrize(("query", "code"), [("SELECT nothing", 47), ("SELECT * FROM nowhere", 60), ("SELEC 1", 62)])
def test_errors_carry_the_codes_of_clickhouse(client: Any, query: str, code: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query(query)
    assert caught.value.code == code


@pytest.mark.parametrize("rows", [0, 1, 500_000])
def test_an_arrow_stream_has_its_schema_and_all_its_rows(client: Any, rows: int) -> None:
    response = client.raw_stream(f"SELECT number FROM numbers({rows})", fmt="ArrowStream")
    table = pa.ipc.open_stream(response.read()).read_all()
    assert table.schema.names == ["number"]
    assert table.num_rows == rows


@pytest.mark.parametrize("result_format", ["CSVWithNames", "JSON", "Parquet"])
def test_formats_that_cannot_be_cut_come_whole(client: Any, result_format: str) -> None:
    body = client.raw_query("SELECT number FROM numbers(200000)", fmt=result_format)
    assert body.count(b'"number"\n') <= 1
    assert len(body) > 200_000


def test_an_error_in_mid_stream_breaks_the_response(client: Any) -> None:
    result = client.query("SELECT throwIf(number = 3000000) FROM numbers(10000000)")
    with pytest.raises(Error, match="FUNCTION_THROW_IF"):
        _ = result.result_rows


def test_streams_side_by_side_are_exact_while_rows_are_inserted(client: Any, table: str) -> None:
    client.command(f"INSERT INTO {table} SELECT number, repeat('x', 50) FROM numbers(300000)")
    stop = threading.Event()

    def insert_on() -> None:
        first = 1_000_000
        while not stop.is_set():
            client.command(f"INSERT INTO {table} SELECT number + {first}, 'late' FROM numbers(1000)")
            first += 1000

    def read(_: int) -> int:
        with client.query_arrow_stream(f"SELECT number FROM {table} WHERE number < 1000000") as batches:
            return sum(batch.num_rows for batch in batches)

    with ThreadPoolExecutor(4) as pool:
        inserting = pool.submit(insert_on)
        try:
            assert list(pool.map(read, range(4))) == [300_000] * 4
        finally:
            stop.set()
        inserting.result()


def test_a_query_is_killed_by_its_id(client: Any) -> None:
    query = "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.query, query, settings={"query_id": "to be 'killed'"})
        while not running.done():
            client.command("KILL QUERY WHERE query_id = 'to be \\'killed\\'' ASYNC")
        with pytest.raises(Error, match="QUERY_WAS_CANCELLED"):
            running.result()


def test_a_client_that_leaves_its_stream_ends_the_query_and_harms_nobody(client: Any) -> None:
    response = client.raw_stream(
        "SELECT number, repeat('x', 100) FROM numbers(10000000000)", fmt="ArrowStream", settings={"query_id": "left"}
    )
    response.read(1000)
    response.close()
    running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'left'"
    while client.query(running).result_rows != [(0,)]:
        pass
    assert client.query("SELECT 1").result_rows == [(1,)]


def test_compressed_bodies_are_refused_with_advice(store: EventStore, table: str) -> None:
    address = store.address()
    client = clickhouse_connect.get_client(
        host=address.host, port=address.port, password=address.password, username=address.user, database="batch_exports"
    )
    with pytest.raises(DatabaseError, match="compress=False"):
        client.insert(table, [[1, "a"]], column_names=["number", "text"])
    client.close()
