"""What becomes of a request that does not simply go to production's code: it asked for that itself, or a rule did."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Request
from mock_server.canned import CannedAnswer, canned, refusal_with
from mock_server.examples import has_body
from mock_server.faults.effects import Cut
from mock_server.faults.rules import Hit
from mock_server.journal.exchange import Exchange
from mock_server.operations import Operations
from mock_server.prefer import (
    APPLIED,
    Preferences,
    headers_beside,
    preferences_in,
    read_preferences,
    replacement,
    without_preferences,
)
from mock_server.world import World

FAULT = "X-Mock-Fault"
"""The header that names the rule that hit a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of one request; without an answer of its own it goes on to production's code."""

    source: str = ""
    """What an answer is made by that production's code does not make."""
    rule: str | None = None
    wait: float = 0.0
    """Seconds."""
    answer: CannedAnswer | None = None
    cut: Cut | None = None
    query: bytes = b""
    """What production's code may see of the query."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Headers of whatever is answered."""


def plot(operations: Operations, world: World, exchange: Exchange, request: Request) -> Course | None:
    """The course of a request, which rules count that were shown it; None when nothing is to be done to it."""
    query = request.scope["query_string"]
    # Most requests ask for nothing, and need not be read for it.
    given = preferences_in(request.scope["headers"], query) if query or b"prefer" in request.headers else None
    operation = operations.get(exchange.operation or "") if given or world.faults else None
    if operation is None:
        return None
    if given:
        course = _preferred(operation, given, exchange, request)
        latency = world.faults.latency(operation.id, request.method, request.path, exchange.at)
        return course if latency is None else replace(course, wait=course.wait + latency.wait)
    hit = world.faults.hit(operation.id, request.method, request.path, exchange.at)
    return None if hit is None else _faulty(operation, hit, query)


def _preferred(operation: OperationSpec, given: Mapping[str, str], exchange: Exchange, request: Request) -> Course:
    try:
        preferences = read_preferences(given)
        answer = None
        if preferences.replaces_answer:
            answer = replacement(operation, preferences, request, exchange.number, exchange.at)
        _require_body(operation, preferences, answer, request)
    except ApiError as error:
        return Course(source="override", answer=canned(error))
    return Course(
        source="override",
        wait=preferences.delay / 1000,
        answer=answer,
        cut=preferences.fault,
        query=without_preferences(request.scope["query_string"]),
        marks={APPLIED: preferences.applied} if preferences.applied else {},
    )


def _require_body(
    operation: OperationSpec, preferences: Preferences, answer: CannedAnswer | None, request: Request
) -> None:
    cut = preferences.fault
    if cut is None or not cut.needs_body:
        return
    bodied = has_body(operation, operation.success_status) if answer is None else bool(answer.body)
    if not bodied or request.method == "HEAD":
        possible = ", ".join(each for each in Cut if not each.needs_body)
        raise invalid(f"There is no body to {cut}. What can be done without one is: {possible}.", attr="Prefer")


def _faulty(operation: OperationSpec, hit: Hit, query: bytes) -> Course:
    effect, answer = hit.effect, None
    if effect.status is not None:
        refusal = canned(refusal_with(effect.status, operation, hit.retry_after))
        answer = replace(refusal, headers={**headers_beside(operation, effect.status), **refusal.headers})
    return Course(
        source="fault",
        rule=hit.rule,
        wait=hit.wait,
        answer=answer,
        cut=effect.cut,
        query=query,
        marks={FAULT: hit.rule},
    )
