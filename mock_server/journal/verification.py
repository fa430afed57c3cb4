"""Whether something was asked of a world as often as expected; and if not, what came nearest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mock_server.addressing import path_in_world
from mock_server.journal.exchange import Exchange
from mock_server.journal.redaction import HIDDEN, TooDeep, is_secret, redact, shown_body

Json = dict[str, Any]

ABSENT = object()
"""What is found where there is nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one field was expected to be, and what it was, both without secrets."""

    field: str
    """A JSON pointer into the expectation."""
    expected: Any
    found: Any = ABSENT

    def json(self) -> Json:
        """The difference; without `found` where nothing was found."""
        shown = {"field": self.field, "expected": self.expected}
        return shown if self.found is ABSENT else {**shown, "found": self.found}


@dataclass(frozen=True, slots=True)
class Miss:
    """An exchange that is not as expected."""

    number: int
    differences: list[Difference]

    @property
    def distance(self) -> tuple[int, bool, int, int]:
        """How far it is from what was expected: first of another kind, then without a body, then by differences."""
        kinds = sum(each.field in _KINDS for each in self.differences)
        no_body = any(each.field == "/body" and each.found in (ABSENT, None) for each in self.differences)
        return kinds, no_body, len(self.differences), -self.number


_KINDS = frozenset({"/operation", "/method", "/path"})


def verify(expected: Json, exchanges: Iterable[Exchange]) -> Json:
    """The verdict on an expectation."""
    misses: list[Miss] = []
    count = 0
    for exchange in exchanges:
        differences = list(compare(expected, exchange))
        if differences:
            misses.append(Miss(exchange.number, differences))
        else:
            count += 1
    least, most = bounds(expected)
    nearest, differences = None, []
    if count < least:
        nearest = min(misses, key=lambda miss: miss.distance, default=None)
        differences = [_miscount("min", least, count)] if nearest is None else nearest.differences
    elif most is not None and count > most:
        differences = [_miscount("max", most, count)]
    return {
        "verified": not differences,
        "count": count,
        "detail": f"Expected {_asked(least, most)} of such requests, found {count}.",
        "nearest": None if nearest is None else nearest.number,
        "differences": [difference.json() for difference in differences],
    }


def bounds(expected: Json) -> tuple[int, int | None]:
    """How often at least and at most; at least once, when nothing is said."""
    count = expected.get("count") or {}
    most = count.get("max")
    return count.get("min", 0 if most is not None else 1), most


def compare(expected: Json, exchange: Exchange) -> Iterator[Difference]:
    """In what an exchange differs from what is expected."""
    found = {
        "operation": exchange.operation,
        "method": exchange.method.upper(),
        "path": path_in_world(exchange.path),
        "status": exchange.status,
    }
    wanted = {**expected, "method": expected.get("method", "").upper(), "path": path_in_world(expected.get("path", ""))}
    for name, value in found.items():
        if name in expected and wanted[name] != value:
            yield Difference(f"/{name}", wanted[name], value)
    yield from _query_differences(expected.get("query", {}), exchange.query)
    if "body" in expected:
        yield from _differences("/body", expected["body"], _body(exchange), secret=False)


def _query_differences(expected: Json, query: bytes) -> Iterator[Difference]:
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    for name, value in expected.items():
        texts = [text for key, text in given if key == name]
        if not any(_agrees(value, text, secret=is_secret(name)) for text in texts):
            yield _difference(f"/query/{_escaped(name)}", value, texts[0] if texts else ABSENT, secret=is_secret(name))


def _differences(at: str, expected: Any, found: Any, *, secret: bool) -> Iterator[Difference]:
    match expected, found:
        case dict(), dict() if not secret:
            for name, value in expected.items():
                inner = found.get(name, ABSENT)
                yield from _differences(f"{at}/{_escaped(name)}", value, inner, secret=is_secret(name))
        case list(), list() if not secret and len(expected) == len(found):
            for index, (value, inner) in enumerate(zip(expected, found, strict=True)):
                yield from _differences(f"{at}/{index}", value, inner, secret=False)
        case _ if not _agrees(expected, found, secret=secret):
            yield _difference(at, expected, found, secret=secret)


def _agrees(expected: Any, found: Any, *, secret: bool) -> bool:
    if found is None or found is ABSENT:
        return expected is found
    # What is shown of a request can be expected of it as it is shown. To Python, true is 1.
    alike = (found, HIDDEN if secret else redact(found))
    return any(expected == each and isinstance(expected, bool) == isinstance(each, bool) for each in alike)


def _difference(at: str, expected: Any, found: Any, *, secret: bool) -> Difference:
    return Difference(at, _hidden(expected, secret=secret), _hidden(found, secret=secret))


def _hidden(value: Any, *, secret: bool) -> Any:
    if value is None or value is ABSENT:
        return value
    return HIDDEN if secret else redact(value)


def _body(exchange: Exchange) -> Any:
    raw = exchange.request_body
    try:
        value = orjson.loads(raw) if raw else None
        redact(value)
    except (orjson.JSONDecodeError, TooDeep):
        return shown_body(raw)
    return value


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _miscount(bound: str, expected: int, found: int) -> Difference:
    return Difference(f"/count/{bound}", expected, found)


def _asked(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"exactly {least}" if least == most else f"{least} to {most}"
