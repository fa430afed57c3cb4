"""What a client asks for by `Prefer: code=404` or `Prefer: example=NAME`: an answer out of the contract."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.operation_spec import OperationSpec
from mock_server.examples import example_headers, has_body

OUT_OF_CONTRACT = "X-Mock-Out-Of-Contract"
APPLIED = "Preference-Applied"

_CODES_BESIDE = {408: "request_timeout", 429: "throttled"}
"""Statuses that any server may answer, documented or not; those from 500 on are allowed too."""
_RETRY_AFTER_SECONDS = "1"
_FIRST_SERVER_STATUS, _LAST_STATUS = 500, 599


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of one request that the mock honours."""

    code: str | None = None
    example: str | None = None

    @property
    def applied(self) -> str:
        """The value of the header that confirms them."""
        given = (("code", self.code), ("example", self.example))
        return ", ".join(f"{name}={value}" for name, value in given if value is not None)


@dataclass(frozen=True, slots=True)
class Override:
    """An answer that is sent as it stands."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def read_preferences(headers: Iterable[tuple[bytes, bytes]]) -> Preferences | None:
    """The preferences of a request; None when it has none that concern the mock."""
    given: dict[str, str] = {}
    for name, value in headers:
        if name == b"prefer":
            for preference in value.decode("latin-1").split(","):
                key, _, text = preference.partition("=")
                given.setdefault(key.strip().lower(), text.strip().strip('"'))
    if "code" not in given and "example" not in given:
        return None
    return Preferences(given.get("code"), given.get("example"))


def override(operation: OperationSpec, preferences: Preferences) -> Override:
    """The answer that the preferences ask for; 400 with the possible ones when there is no such answer."""
    try:
        status, body = _chosen(operation, preferences)
    except ApiError as error:
        return Override(error.status, orjson.dumps(error.body))
    headers = {**example_headers(operation, status), APPLIED: preferences.applied}
    if str(status) not in operation.responses:
        headers[OUT_OF_CONTRACT] = "1"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers.setdefault("Retry-After", _RETRY_AFTER_SECONDS)
    return Override(status, b"" if body is None else orjson.dumps(body), headers)


def _chosen(operation: OperationSpec, preferences: Preferences) -> tuple[int, Any]:
    if preferences.code is None:
        return _named(operation, preferences.example or "")
    status = _status(operation, preferences.code)
    examples = operation.examples(status)
    if preferences.example is not None:
        if preferences.example not in examples:
            raise _no_example(preferences.example, f"{operation.id} with status {status}", examples)
        return status, examples[preferences.example]
    if examples:
        return status, next(iter(examples.values()))
    if str(status) in operation.responses and not has_body(operation, status):
        return status, None
    return status, _error_body(status)


def _named(operation: OperationSpec, name: str) -> tuple[int, Any]:
    """The example of a name: of the success if it has one, else of the first status that does."""
    statuses = sorted(map(int, operation.responses), key=lambda status: status != operation.success_status)
    names: list[str] = []
    for status in statuses:
        examples = operation.examples(status)
        if name in examples:
            return status, examples[name]
        names += examples
    raise _no_example(name, operation.id, dict.fromkeys(names))


def _status(operation: OperationSpec, code: str) -> int:
    status = int(code) if code.isdecimal() and code.isascii() else 0
    if str(status) in operation.responses or status in _CODES_BESIDE or _FIRST_SERVER_STATUS <= status <= _LAST_STATUS:
        return status
    raise invalid(
        f"{operation.id} has no answer with status '{code}'. The contract declares {', '.join(operation.responses)}; "
        "the mock can answer 408, 429 and 500 to 599 besides.",
        attr="Prefer",
    )


def _no_example(name: str, place: str, examples: Mapping[str, Any]) -> ApiError:
    possible = ", ".join(examples) or "none"
    return invalid(f"{place} has no example '{name}'. The examples are: {possible}.", attr="Prefer")


def _error_body(status: int) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return ApiError(status, _CODES_BESIDE.get(status, "error"), f"{phrase}.").body
