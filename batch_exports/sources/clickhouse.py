"""The source: one ClickHouse client for the embedded store and for clusters."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from batch_exports.domain.errors import RetryableFailure
from batch_exports.domain.selections import Selection
from batch_exports.ports import Chunk, Lane
from batch_exports.sources import literals
from batch_exports.sources.connections import connect
from batch_exports.sources.failures import store_errors
from batch_exports.sources.queries import FORMATS, count_query, earliest_query, row_query
from batch_exports.sources.results import arrow_chunks, line_chunks

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_HOUR = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NULL = r"\N"
_SETTINGS: Mapping[str, str] = {
    "max_block_size": "8192",
    "max_query_size": str(64 << 20),
    "max_ast_elements": "1000000",
    "max_expanded_ast_elements": "1000000",
    # The clock of a stream runs on while its reader is slow, so that this bounds a whole part of a run.
    "max_execution_time": str(6 * _HOUR),
    "max_memory_usage": str(2 << 30),
    # What is too much must fail: a truncated result would pass for a whole one.
    "timeout_overflow_mode": "throw",
    "read_overflow_mode": "throw",
    "result_overflow_mode": "throw",
    "cast_string_to_date_time_mode": "best_effort",
    "output_format_arrow_string_as_string": "1",
    "output_format_arrow_compression_method": "none",
    "output_format_json_escape_forward_slashes": "0",
}


class ClickHouseSource:
    """An event store that speaks ClickHouse; connects on first use, and again after a failure.

    `trusts_text` is for a store that refuses text which is not UTF-8, as the embedded one does: checking it again
    would cost each export a tenth of its time.
    """

    def __init__(self, open_client: Callable[[], "Client"], *, trusts_text: bool = False) -> None:
        self._open_client = open_client
        self._trusts_text = trusts_text
        self._mutex = Lock()
        self._client: Client | None = None

    @classmethod
    def of_cluster(cls, *, url: str, user: str, password: str, database: str) -> Self:
        """Make the source of a ClickHouse server or cluster, whose database has a table or view `events`."""
        return cls(lambda: connect(url=url, user=user, password=password, database=database))

    def count(self, selection: Selection, *, seconds: float | None = None) -> int:
        """How many rows the selection has; raises RetryableFailure when counting takes longer than `seconds`."""
        return int(self._value(count_query(selection), seconds))

    def earliest(self, selection: Selection, *, seconds: float) -> datetime | None:
        """When the selection's first row arrived, None without rows; raises RetryableFailure as `count` does."""
        microseconds = self._value(earliest_query(selection), seconds)
        return None if microseconds == _NULL else _EPOCH + timedelta(microseconds=int(microseconds))

    @contextmanager
    def stream(self, selection: Selection, lane: Lane, *, query_id: str) -> Iterator[Iterator[Chunk]]:
        """The rows of the selection, in no order; a stream that breaks raises, leaving the context ends the query."""
        settings = {**_SETTINGS, "query_id": query_id}
        query = row_query(selection, lane, trusts_text=self._trusts_text)
        with self._connected() as client:
            response: Any = client.raw_stream(query, settings=settings, fmt=FORMATS[lane])
        with closing(response):
            yield (arrow_chunks if lane is Lane.ARROW else line_chunks)(response)

    def kill(self, query_id: str) -> None:
        """End a query from another thread; one that has ended is left alone."""
        with self._connected() as client:
            client.raw_query(f"KILL QUERY WHERE query_id = {literals.string(query_id)} ASYNC")

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        with self._mutex:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _value(self, query: str, seconds: float | None) -> str:
        limit = {} if seconds is None else {"max_execution_time": f"{seconds:g}"}
        with self._connected() as client:
            answer: bytes = client.raw_query(query, fmt="TabSeparated", settings={**_SETTINGS, **limit})
            return answer.decode().strip()

    @contextmanager
    def _connected(self) -> Iterator["Client"]:
        try:
            with store_errors():
                yield self._connection()
        except RetryableFailure:
            # An embedded store that was started anew listens elsewhere.
            self._forget()
            raise

    def _connection(self) -> "Client":
        with self._mutex:
            if self._client is None:
                self._client = self._open_client()
            return self._client

    def _forget(self) -> None:
        # Not closed: other threads may be reading from it.
        with self._mutex:
            self._client = None
