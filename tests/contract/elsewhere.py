"""Documented answers that a run of Schemathesis cannot bring about: which, why, and which test does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.spec.document import Operation, implemented

Pair = tuple[str, int]
"""An operation and a status."""

_REFUSALS = "tests/contract/test_every_refusal.py"


@dataclass(frozen=True)
class Elsewhere:
    """One status of some operations."""

    status: int
    covers: Callable[[Operation], bool]
    reason: str
    test: str
    """The test that meets it for each of these operations."""

    def pairs(self) -> Iterator[Pair]:
        return ((each.id, self.status) for each in implemented() if self.covers(each))


def _every(_: Operation) -> bool:
    return True


def _has_body(operation: Operation) -> bool:
    return operation.body is not None


def _takes_nothing_but_a_path(operation: Operation) -> bool:
    return not _has_body(operation) and all(each["in"] == "path" for each in operation.parameters)


def _takes_a_tag(operation: Operation) -> bool:
    return any(each["name"] == "If-Match" for each in operation.parameters)


def _names_no_object(operation: Operation) -> bool:
    return [each["name"] for each in operation.parameters if each["in"] == "path"] == ["project_id"]


ELSEWHERE = (
    Elsewhere(
        400,
        _takes_nothing_but_a_path,
        "what is wrong in a path names nothing, and there is neither a query nor a body to get wrong",
        f"{_REFUSALS}::test_a_query_parameter_that_is_not_declared_is_refused",
    ),
    Elsewhere(
        403,
        _every,
        "both keys of a run have every scope, and its requests name the project of whichever key they carry",
        "tests/contract/test_authorization.py::test_whoever_may_not_is_refused",
    ),
    Elsewhere(
        404,
        _names_no_object,
        "nothing but the project can be missing, and a run's requests name one that is there",
        f"{_REFUSALS}::test_a_project_that_cannot_be_is_not_found",
    ),
    Elsewhere(
        412,
        _takes_a_tag,
        "a run mostly sends the tag that was shown last, so that changes get further",
        f"{_REFUSALS}::test_a_tag_of_no_version_is_refused",
    ),
    Elsewhere(
        413,
        _has_body,
        "generated bodies are small",
        f"{_REFUSALS}::test_a_body_that_is_too_large_is_refused_and_one_byte_less_is_read",
    ),
    Elsewhere(
        429,
        _every,
        "a run makes more requests than a key may, so its worlds know no limit",
        f"{_REFUSALS}::test_one_request_too_many_has_to_wait",
    ),
    Elsewhere(
        500,
        _every,
        "the service has to break for it",
        f"{_REFUSALS}::test_damaged_data_are_the_service_s_fault_and_stay_its_secret",
    ),
)
