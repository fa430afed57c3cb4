"""Requests of a program, and what every answer to them has to keep, whatever it is about."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx

from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.transcript import Transcript, require

Json = dict[str, Any]

SECRET_MARK = "hush"  # noqa: S105 - it marks credentials and is none
"""Stands in each credential that a program sends, and may stand in no answer."""

_ERROR_TYPES = {400: "validation_error", 403: "authentication_error"}
_PATIENCE = 10
_LONGEST_WAIT = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """The entity tag, which has to be there."""
        tag = self.headers.get("ETag", "")
        require(tag[:1] == tag[-1:] == '"' and tag[1:-1].isdigit(), f"The ETag {tag!r} is no number in double quotes.")
        return tag


@dataclass(slots=True)
class Exchange:
    """Sends the requests of one program with the key of whoever asks."""

    clients: Mapping[Role, httpx.Client]
    transcript: Transcript
    program: str
    base: str = "/api/projects/@current/batch_exports"
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def new_id(self) -> str:
        """An id that was not used before."""
        return f"{self.program}-{next(self._numbers)}"

    def look(self, role: Role, path: str, query: Mapping[str, Any] | None = None, status: int = 200) -> Any:
        """The body of what is read at a path below the exports of a project."""
        return self.send(role, "GET", self.base + path, query=query, status=status, looks=True).body

    def ask(
        self,
        role: Role,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        status: int | tuple[int, ...],
    ) -> Answer:
        """The answer to a request about a path below the exports of a project, which has to have this status."""
        return self.send(role, method, self.base + path, body=body, headers=headers, status=status)

    def follow(self, role: Role, address: str) -> Any:
        """The body of what a whole address leads to; no key is shown to any other server."""
        own = self.clients[role].base_url
        url = httpx.URL(address)
        require(
            (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port),
            f"The address {address} leads away from the service.",
        )
        return self.send(role, "GET", address, status=200, looks=True).body

    def send(
        self,
        role: Role,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | tuple[int, ...],
        looks: bool = False,
    ) -> Answer:
        """The answer, which keeps what all answers keep."""
        details = {"query": query, "body": body, "headers": headers}
        self.transcript.note(role, f"{method} {path}", details, looks=looks)
        sent = {**(headers or {}), "X-Request-Id": self.new_id()}
        response = self._response(role, method, path, params=query, json=body, headers=sent)
        self.transcript.answered(response.status_code, response.text)
        expected = status if isinstance(status, tuple) else (status,)
        require(
            response.status_code in expected,
            f"The status is {response.status_code}; it must be {' or '.join(map(str, expected))}.",
        )
        _check_envelope(response, sent["X-Request-Id"])
        return Answer(response.status_code, response.json() if response.content else None, response.headers)

    def _response(self, role: Role, method: str, path: str, **request: Any) -> httpx.Response:
        for _ in range(_PATIENCE):
            try:
                response = self.clients[role].request(method, path, **request)
            except httpx.HTTPError as failure:
                require(condition=False, mismatch=f"There is no answer: {failure!r}")
                raise
            if response.status_code != HTTPStatus.TOO_MANY_REQUESTS or response.json().get("code") != "throttled":
                return response
            time.sleep(min(int(response.headers["Retry-After"]) + 1, _LONGEST_WAIT))
        return response


def _check_envelope(response: httpx.Response, request_id: str) -> None:
    shown = response.headers.get("X-Request-Id")
    require(shown == request_id, f"The X-Request-Id is {shown!r}; it must be that of the request, {request_id!r}.")
    require(SECRET_MARK not in response.text, "The answer shows a credential that was sent.")
    if response.is_error:
        _check_error(response)


def _check_error(response: httpx.Response) -> None:
    error = response.json()
    require(
        isinstance(error, dict) and {"type", "code", "detail", "attr"} <= error.keys(),
        "An error has a type, a code, a detail and an attr.",
    )
    expected = _ERROR_TYPES.get(response.status_code, "invalid_request")
    require(error["type"] == expected, f"The type of the error is {error['type']!r}; it must be {expected!r}.")
    require(error["code"] and error["detail"], "An error says what is wrong, to programs and to people.")
