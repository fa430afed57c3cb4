"""What a request asks for by itself: `Prefer: code=404` in its headers, or `__code=404` in its address."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

import orjson

from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Request
from mock_server.canned import CannedAnswer, refusal_with
from mock_server.examples import EXAMPLES_AT, example_headers, has_body
from mock_server.faults.effects import MOST_MILLISECONDS, Cut

OUT_OF_CONTRACT = "X-Mock-Out-Of-Contract"
APPLIED = "Preference-Applied"

_CODES_BESIDE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
"""Statuses that any server may answer, documented or not; those from 500 on are allowed too."""
_FIRST_ERROR, _FIRST_SERVER_STATUS, _LAST_STATUS = 400, 500, 599
_MARK = b"__"
_MOST_SEED = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The preferences of one request that the mock honours."""

    code: str | None = None
    example: str | None = None
    dynamic: bool = False
    seed: int | None = None
    delay: float = 0.0
    """Milliseconds."""
    fault: Cut | None = None

    @property
    def applied(self) -> str:
        """The value of the header that confirms them."""
        given = {
            "code": self.code,
            "example": self.example,
            "dynamic": "true" if self.dynamic else None,
            "seed": self.seed if self.dynamic else None,
            "delay": f"{self.delay:g}" if self.delay else None,
            "fault": self.fault,
        }
        return ", ".join(f"{name}={value}" for name, value in given.items() if value is not None)

    @property
    def replaces_answer(self) -> bool:
        """Whether the answer is another one than that of production's code."""
        return self.code is not None or self.example is not None or self.dynamic


def preferences_in(headers: Iterable[tuple[bytes, bytes]], query: bytes) -> Mapping[str, str]:
    """What a request says of the preferences that the mock knows; headers come before the query."""
    given: dict[str, str] = {}
    for name, value in headers:
        if name == b"prefer":
            for preference in value.decode("latin-1").split(","):
                key, _, text = preference.partition(";")[0].partition("=")
                given.setdefault(key.strip().lower(), text.strip().strip('"'))
    if _MARK in query:
        for field, text in _fields(query):
            if field.startswith("__"):
                given.setdefault(field[2:], text)
    return {name: text for name, text in given.items() if name in _READERS}


def without_preferences(query: bytes) -> bytes:
    """A query as production's code may see it."""
    if _MARK not in query:
        return query
    kept = (part for part in query.split(b"&") if not any(name[2:] in _READERS for name, _ in _fields(part)))
    return b"&".join(kept)


def read_preferences(given: Mapping[str, str]) -> Preferences:
    """The preferences of a request; raises ApiError for what nobody can mean."""
    read = Preferences(**{name: _READERS[name](text) for name, text in given.items()})
    if read.dynamic and read.example is not None:
        raise invalid("Ask for an example, or for a dynamic answer, not for both.", attr="Prefer")
    return read


def replacement(
    operation: OperationSpec, preferences: Preferences, request: Request, seed: object, now: datetime
) -> CannedAnswer:
    """The answer that the preferences ask for; raises ApiError, with the possible ones, when there is no such.

    Its links lead to where the request came. A dynamic one is as of `now`, and drawn from `seed` unless the request
    has one of its own.
    """
    if preferences.dynamic and (preferences.code is None or int(_status(operation, preferences.code)) < _FIRST_ERROR):
        status, body = _generated(operation, preferences, seed, now)
    else:
        status, body = _chosen(operation, preferences)
    headers = headers_beside(operation, status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers.setdefault("Retry-After", refusal_with(status, operation).headers["Retry-After"])
    return _leading_here(CannedAnswer(status, b"" if body is None else orjson.dumps(body), headers), request)


def headers_beside(operation: OperationSpec, status: int) -> dict[str, str]:
    """The headers that the operation documents for a status, or the one that says that it documents no such."""
    documented = str(status) in operation.responses
    return example_headers(operation, status) if documented else {OUT_OF_CONTRACT: "1"}


def _leading_here(answer: CannedAnswer, request: Request) -> CannedAnswer:
    # Imported here: hardly any request asks for it.
    from mock_server.upstream.links import Links, address_of  # noqa: PLC0415

    links = Links(EXAMPLES_AT, address_of(request))
    headers = {name: links.url(value) if name == "Location" else value for name, value in answer.headers.items()}
    return CannedAnswer(answer.status, links.body(answer.body), headers)


def _generated(
    operation: OperationSpec, preferences: Preferences, seed: object, now: datetime
) -> tuple[int, dict[str, Any] | None]:
    # Imported here: hardly any request asks for it.
    from mock_server.generation import generate_body  # noqa: PLC0415

    status = operation.success_status if preferences.code is None else _status(operation, preferences.code)
    drawn_from = seed if preferences.seed is None else preferences.seed
    return status, generate_body(operation, status, f"{operation.id}:{drawn_from}", now)


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
    return status, refusal_with(status, operation).body


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
    status = int(code) if code.isdecimal() and code.isascii() and len(code) == len("200") else 0
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


def _dynamic(text: str) -> bool:
    if text not in ("true", "false", ""):
        raise _misread("dynamic", text, "true or false")
    return text != "false"


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_SEED))):
        raise _misread("seed", text, f"a number from 0 to {_MOST_SEED}")
    return int(text)


def _delay(text: str) -> float:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_MILLISECONDS))) or (
        int(text) > MOST_MILLISECONDS
    ):
        raise _misread("delay", text, f"milliseconds, from 0 to {MOST_MILLISECONDS}")
    return int(text)


def _fault(text: str) -> Cut:
    try:
        return Cut(text)
    except ValueError:
        raise _misread("fault", text, f"one of {', '.join(Cut)}") from None


def _misread(name: str, text: str, possible: str) -> ApiError:
    return invalid(f"The preference {name} is {possible}, not '{text}'.", attr="Prefer")


def _fields(query: bytes) -> Iterable[tuple[str, str]]:
    for part in query.decode("latin-1").split("&"):
        name, _, text = part.partition("=")
        yield unquote_plus(name), unquote_plus(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "code": str,
    "example": str,
    "dynamic": _dynamic,
    "seed": _seed,
    "delay": _delay,
    "fault": _fault,
}
