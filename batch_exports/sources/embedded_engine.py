"""chDB as the front needs it: one engine per process, one session of its own per statement."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from batch_exports.sources import literals
from batch_exports.sources.result_pipe import ResultPipe

STORE_DIRECTORY = "event_store"
_MARK_CACHE_BYTES = 128 << 20
# Formats that exports read; the engine writes them itself, as one document, into a pipe. That takes half the work of
# fetching its results chunk by chunk, and a part of the memory.
_PIPED_FORMATS = frozenset({"ArrowStream", "TabSeparatedRaw"})
_PIPE_SETTINGS: Mapping[str, str] = {
    "max_threads": "1",
    "output_format_parallel_formatting": "0",
    # Blocks go out as they come, instead of being gathered to large ones first.
    "min_insert_block_size_rows": "0",
    "min_insert_block_size_bytes": "0",
}
# Formats whose chunks can be sent one after another; all others are rendered whole.
_CHUNKED_FORMATS = frozenset(
    {
        "CSV",
        "JSONEachRow",
        "JSONCompactEachRow",
        "LineAsString",
        "Native",
        "Null",
        "RowBinary",
        "TSV",
        "TSVRaw",
        "TabSeparated",
    }
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement and how to run it; `format` is None when the text names one in a place of its own choice."""

    text: str
    format: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    database: str | None = None
    query_id: str

    @property
    def is_read(self) -> bool:
        """Whether the statement gives rows and changes nothing."""
        return _READS.match(self.text) is not None


class EngineError(Exception):
    """The engine refused or broke off a statement; the text is the engine's own, `code` its number."""

    def __init__(self, text: str) -> None:
        begin = text.find("Code: ")
        super().__init__(text[max(begin, 0) :].strip())
        match = re.search(r"Code: (\d+)", text)
        self.code = int(match[1]) if match else 0


class EmbeddedEngine:
    """The engine on the store in the working directory."""

    def __init__(self) -> None:
        # Loaded here: only the process that owns a store may pay for the engine.
        import chdb  # noqa: PLC0415

        self._connect: Any = chdb.connect
        # A relative path, since the engine reads `?` and `&` of its connection string as options.
        self._target = f"{STORE_DIRECTORY}?mark_cache_size={_MARK_CACHE_BYTES}"
        self._engine: Any = self._connect(self._target)

    def run(self, statement: Statement) -> bytes:
        """Run a statement to its end and give the whole result."""
        with self._session(statement) as session, _engine_errors():
            result = session.query(
                statement.text, statement.format or "TabSeparated", params=dict(statement.parameters)
            )
            return bytes(result.bytes())

    def stream(self, statement: Statement) -> Generator[memoryview]:
        """Run a statement and give its result piece by piece, in the order and form of one document."""
        if statement.is_read and statement.format in _PIPED_FORMATS:
            yield from self._piped(statement)
        elif statement.is_read and statement.format in _CHUNKED_FORMATS:
            # The result ends before its session: cancelled behind it, it takes the whole engine down.
            with self._session(statement) as session, _engine_errors(), closing(_chunks(session, statement)) as chunks:
                yield from chunks
        else:
            yield memoryview(self.run(statement))

    def _piped(self, statement: Statement) -> Generator[memoryview]:
        is_empty = True
        settings = {**_PIPE_SETTINGS, **statement.settings}
        with self._session(replace(statement, settings=settings)) as session, _engine_errors(), ResultPipe() as pipe:
            into = f"INSERT INTO FUNCTION file({literals.string(pipe.path)}, {literals.string(statement.format or '')})"
            pipe.start(
                lambda: session.query(f"{into} {statement.text}", params=dict(statement.parameters)),
                stop=lambda: self._kill(into),
            )
            for piece in pipe:
                is_empty = False
                yield piece
        if is_empty:
            # Without rows the engine writes no schema either; run whole, the statement renders one.
            yield memoryview(self.run(statement))

    def _kill(self, beginning: str) -> None:
        text = f"KILL QUERY WHERE startsWith(query, {literals.string(beginning)}) ASYNC"
        self.run(Statement(text=text, format=None, query_id="kill"))

    @contextmanager
    def _session(self, statement: Statement) -> Iterator[Any]:
        # One session each: a second statement on a session ends the first one's stream as if it had no more rows.
        with _engine_errors():
            session = self._connect(self._target)
        try:
            with _engine_errors():
                session.query(_set_clause({**statement.settings, "log_comment": statement.query_id}))
                if statement.database:
                    session.query(f"USE `{_identifier(statement.database)}`")
            yield session
        finally:
            session.close()


def _chunks(session: Any, statement: Statement) -> Generator[memoryview]:
    result = session.send_query(statement.text, statement.format, params=dict(statement.parameters))
    try:
        while (chunk := result.fetch()) is not None:
            yield chunk.get_memview().view()
    finally:
        result.cancel()


def _set_clause(settings: Mapping[str, str]) -> str:
    return "SET " + ", ".join(f"{_identifier(name)} = {literals.string(value)}" for name, value in settings.items())


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise EngineError(f"Code: 62. DB::Exception: {name!a} is no identifier. (SYNTAX_ERROR)")
    return name


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise EngineError(str(error)) from error
    except UnicodeDecodeError as error:
        # The engine's text quotes a value that is not UTF-8.
        raise EngineError(error.object.decode(errors="replace")) from error
