"""What a ClickHouse client says over HTTP: which statement, with which data, on whose behalf."""

import binascii
import re
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl
from uuid import uuid4

from batch_exports.sources import literals
from batch_exports.sources.embedded_engine import Statement

MAX_STATEMENT_BYTES = 32 << 20
MAX_DATA_BYTES = 1 << 30
_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 64 << 10
_MAX_CHUNK_LINE = 256

# Parameters that steer the transport; the engine knows them not.
_TRANSPORT_PARAMETERS = frozenset(
    {
        "buffer_size",
        "client_protocol_version",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "user",
        "wait_end_of_query",
    }
)
_PARAMETER_PREFIX = "param_"
_TRAILING_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT_WITH_DATA = re.compile(
    rb"\s*(INSERT\s+INTO\s+[\w.`\"]+\s*(?:\([^()]*\))?)\s*FORMAT\s+(\w+)[ \t]*(?:\r?\n|$)", re.IGNORECASE
)
_KILL = re.compile(
    r"\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*(?P<id>'(?:[^'\\]|\\.)*')(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)


class BadRequest(Exception):
    """The request cannot be understood, or is too large; `status` is its HTTP status."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Readable(Protocol):
    """The receiving side of a connection."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Give one line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A statement, and the file with the rows that it inserts, if it brings any."""

    statement: Statement
    spool: Path | None = None

    def discard(self) -> None:
        """Remove the data file."""
        if self.spool is not None:
            self.spool.unlink(missing_ok=True)


def credentials(headers: Message, query: str) -> tuple[str, str]:
    """Find user and password in the three places where ClickHouse clients put them; empty where there are none."""
    scheme, _, token = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    if "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User") or "default", headers["X-ClickHouse-Key"]
    parameters = dict(parse_qsl(query))
    return parameters.get("user", "default"), parameters.get("password", "")


def read_request(headers: Message, query: str, receive: Readable, spool_directory: Path) -> Request:
    """Read a whole request, the rows of an insert into a file."""
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    blocks = _body(headers, receive)
    head = parameters.get("query", "").encode()
    start = bytearray()
    for block in blocks:
        start += block
        if len(start) >= _HEAD_BYTES:
            break
    insert = _INSERT_WITH_DATA.fullmatch(head) if head else _INSERT_WITH_DATA.match(start)
    if insert is None:
        text = _whole(head, start, blocks)
        return Request(statement=_statement(text, parameters, headers))
    data = bytes(start) if head else bytes(start[insert.end() :])
    spool = _spool(data, blocks, spool_directory)
    source = literals.string(str(spool))
    text = f"{insert[1].decode()} FROM INFILE {source} COMPRESSION 'none' FORMAT {insert[2].decode()}"
    return Request(statement=_statement(text, parameters, headers, named_format=False), spool=spool)


def _statement(text: str, parameters: Mapping[str, str], headers: Message, *, named_format: bool = True) -> Statement:
    default = parameters.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated"
    trailing = _TRAILING_FORMAT.search(text) if named_format else None
    if trailing is not None:
        text, result_format = text[: trailing.start()], trailing[1]
    else:
        # A format named before the end (`FORMAT x SETTINGS ...`) wins over ours, so such a result is rendered whole.
        result_format = None if re.search(r"\bFORMAT\b", text, re.IGNORECASE) else default
    return Statement(
        text=_with_comment_for_id(text),
        format=result_format,
        parameters={
            name.removeprefix(_PARAMETER_PREFIX): value
            for name, value in parameters.items()
            if name.startswith(_PARAMETER_PREFIX)
        },
        settings={
            name: value
            for name, value in parameters.items()
            if name not in _TRANSPORT_PARAMETERS and not name.startswith(_PARAMETER_PREFIX)
        },
        database=parameters.get("database") or headers.get("X-ClickHouse-Database"),
        query_id=parameters.get("query_id") or str(uuid4()),
    )


def _with_comment_for_id(text: str) -> str:
    # The engine numbers its queries itself; the client's id rides along as the comment of the query.
    kill = _KILL.fullmatch(text)
    return f"KILL QUERY WHERE Settings['log_comment'] = {kill['id']}{kill['rest']}" if kill else text


def _whole(head: bytes, start: bytearray, blocks: Iterator[bytes]) -> str:
    text = bytearray(head + b"\n" if head and start else head) + start
    for block in blocks:
        text += block
        if len(text) > MAX_STATEMENT_BYTES:
            raise BadRequest(f"A statement may have {MAX_STATEMENT_BYTES} bytes.", 413)
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise BadRequest("The statement is not UTF-8.") from None


def _spool(data: bytes, blocks: Iterator[bytes], directory: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
        path = Path(file.name)
        try:
            file.write(data)
            for block in blocks:
                file.write(block)
        except BaseException:
            path.unlink()
            raise
    return path


def _body(headers: Message, receive: Readable) -> Iterator[bytes]:
    if headers.get("Content-Encoding", "identity") != "identity":
        raise BadRequest("Bodies are taken uncompressed only; open the client with compress=False.", 415)
    total = 0
    blocks = (
        _chunked(receive) if "chunked" in headers.get("Transfer-Encoding", "").lower() else _sized(headers, receive)
    )
    for block in blocks:
        total += len(block)
        if total > MAX_DATA_BYTES:
            raise BadRequest(f"A request may have {MAX_DATA_BYTES} bytes.", 413)
        yield block


def _sized(headers: Message, receive: Readable) -> Iterator[bytes]:
    text = headers.get("Content-Length") or "0"
    if not text.isdecimal():
        raise BadRequest("Content-Length is no number.")
    yield from _exactly(int(text), receive)


def _chunked(receive: Readable) -> Iterator[bytes]:
    while size := _chunk_size(receive):
        yield from _exactly(size, receive)
        receive.readline(_MAX_CHUNK_LINE)
    while receive.readline(_MAX_CHUNK_LINE).strip():
        pass


def _chunk_size(receive: Readable) -> int:
    line = receive.readline(_MAX_CHUNK_LINE)
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        raise BadRequest("The request ended in the middle of its body.") from None


def _exactly(size: int, receive: Readable) -> Iterator[bytes]:
    while size:
        block = receive.read(min(size, _BLOCK_BYTES))
        if not block:
            raise BadRequest("The request ended in the middle of its body.")
        size -= len(block)
        yield block
