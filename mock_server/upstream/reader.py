"""Reads an upstream's lists through its API, no faster than it allows."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson

from batch_exports.contract.middleware import server_paths
from mock_server.operations import Operations
from mock_server.upstream.client import MOST_BYTES
from mock_server.upstream.conformity import Conformity
from mock_server.upstream.target import is_this_machine

Json = dict[str, Any]

_SECONDS = 60.0
_MOST_WAIT = 900.0
"""Seconds that are spent waiting in all, since the upstream asks to."""
_MOST_ATTEMPTS = 10
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class RecordError(Exception):
    """An upstream cannot be recorded; the text says why, and what to do about it."""


class NotThereError(RecordError):
    """An upstream answers that there is no such thing."""


class Reader:
    """Reads what one key may see of one project."""

    def __init__(
        self,
        url: str,
        key: str,
        project: int,
        operations: Operations,
        *,
        tell: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`tell` hears why nothing happens for a while."""
        self.at: datetime | None = None
        """When the upstream began to answer, by its own clock."""
        self._url = url
        self._project = project
        self._operations = operations
        self._conformity = Conformity(operations)
        self._tell = tell
        self._sleep = sleep
        self._patience = _MOST_WAIT
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"}
        # A proxy of the environment leads out of this machine, never into it.
        is_here = is_this_machine(httpx.URL(url).host)
        self._http = httpx.Client(headers=headers, timeout=_SECONDS, trust_env=not is_here)

    def __enter__(self) -> Self:
        """Be ready to connect."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self._http.close()

    def one(self, operation_id: str, *, query: Json | None = None, **path: str) -> tuple[Json, httpx.Headers]:
        """What one operation answers, and its headers; raises RecordError."""
        operation = self._operations.get(operation_id)
        if operation is None:
            raise LookupError(operation_id)
        # The newer family of paths stands last.
        base = self._url + server_paths(operation.document.document)[-1]
        url = base + operation.path.format(project_id=self._project, **path)
        response, body = self._patiently(url, query or {})
        if response.status_code != HTTPStatus.OK:
            kind = NotThereError if response.status_code == HTTPStatus.NOT_FOUND else RecordError
            raise kind(_refusal(response.status_code, urlsplit(url).path))
        breach = self._conformity.breach(operation, response.status_code, response.headers, body)
        if breach is not None:
            raise RecordError(f"The upstream breaks the contract, and cannot be recorded: {breach}.")
        answer: Json = orjson.loads(body)
        return answer, response.headers

    def rows(self, operation_id: str, most: int, *, query: Json | None = None, **path: str) -> Iterator[Json]:
        """The first `most` rows of a list; raises RecordError."""
        query = query or {}
        while most > 0:
            page, _ = self.one(operation_id, query=query, **path)
            yield from page["results"][:most]
            most -= len(page["results"])
            if page["next"] is None or not page["results"]:
                return
            # Of the address no more than the query: the key is sent nowhere else.
            query = dict(parse_qsl(urlsplit(page["next"]).query))

    def _patiently(self, url: str, query: Json) -> tuple[httpx.Response, bytes]:
        for _ in range(_MOST_ATTEMPTS):
            response, body = self._get(url, query)
            if response.status_code in _BUSY:
                self._wait(_seconds(response.headers.get("retry-after"), 1.0))
                continue
            if response.headers.get("ratelimit-remaining") == "0":
                self._wait(_seconds(response.headers.get("ratelimit-reset"), 1.0))
            return response, body
        raise RecordError(f"The upstream is too busy: it refused {_MOST_ATTEMPTS} times. Start again later.")

    def _get(self, url: str, query: Json) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        try:
            with self._http.stream("GET", url, params=query) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise RecordError(f"The upstream answered more than {MOST_BYTES} bytes at once.")
        except httpx.HTTPError as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            raise RecordError(f"The upstream {self._url} cannot be read: {cause}. Look whether it is up.") from None
        if self.at is None:
            self.at = _date(response)
        return response, bytes(body)

    def _wait(self, seconds: float) -> None:
        self._patience -= seconds
        if self._patience < 0:
            raise RecordError(
                f"The upstream asks to wait for {seconds:.0f} seconds more. Start again later, or record less: see "
                "--exports and --runs."
            )
        self._tell(f"The upstream asks to wait for {seconds:.0f} seconds.")
        self._sleep(seconds)


def _refusal(status: int, path: str) -> str:
    advice: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: "the key is none that it knows: see --key",
        HTTPStatus.FORBIDDEN: "the key may not read the exports of this project: see --key and --project",
        HTTPStatus.NOT_FOUND: "there is no such project, or no such API: see --upstream and --project",
    }
    said = advice.get(status)
    return f"The upstream answered {status} to GET {path}{': ' + said if said else ''}."


def _seconds(text: str | None, otherwise: float) -> float:
    """How long a header asks to wait: a number of seconds, or a date."""
    if text is None:
        return otherwise
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return otherwise


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
