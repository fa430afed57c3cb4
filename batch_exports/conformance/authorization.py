"""Asks every operation as everybody who may not, and the requests that no key makes right."""

from collections.abc import Iterator
from typing import Any

import httpx

from batch_exports.conformance.caller_rows import CallerRow, Claim
from batch_exports.conformance.exchanges import Failure, of_response
from batch_exports.conformance.operations import SAFE_METHODS, contract_operations
from batch_exports.conformance.right_requests import NOBODY, Objects, send
from batch_exports.contract.operation_spec import OperationSpec

PART = "authorization"

Refusal = tuple[int, str, str]
"""Status, `type` and `code` of an error."""
_MADE_BY = "X-Mock-Source"
"""The header by which the mock says what made an answer."""
_ERROR = {"type", "code", "detail", "attr"}


def check_caller(client: httpx.Client, row: CallerRow, objects: Objects) -> Failure | None:
    """Ask one row."""
    headers = {"Authorization": f"Bearer {row.key}"} if row.key else {}
    answer = send(client, row.operation, objects, headers, row.project)
    if row.claim is Claim.OTHER_OBJECT and answer.headers.get(_MADE_BY) == "example":
        # The mock knows no objects for an operation that nothing implements yet.
        return None
    wrong = _refused(answer, row.expected) if row.expected else _unseen(answer, objects)
    if row.claim in {Claim.NO_KEY, Claim.FALSE_KEY} and not answer.headers.get("WWW-Authenticate", "").startswith(
        "Bearer"
    ):
        wrong = wrong or "WWW-Authenticate does not ask for a bearer token"
    if row.claim is Claim.NO_SCOPE and row.operation.scopes[0] not in answer.text:
        wrong = wrong or f"the answer does not name the scope {row.operation.scopes[0]}"
    return _failure(row.operation, row.claim, wrong, answer)


def check_refusals(client: httpx.Client, *, changes: bool) -> Iterator[Failure | None]:
    """Ask each operation what every caller is refused: stray parameters, false projects."""
    for operation in contract_operations():
        if changes or operation.method in SAFE_METHODS:
            yield from _refusals(client, operation)


def _refusals(client: httpx.Client, operation: OperationSpec) -> Iterator[Failure | None]:
    def asked(claim: str, expected: Refusal, project: str = "@current", **request: Any) -> Failure | None:
        answer = client.request(operation.method, NOBODY.path(operation, project), **request)
        return _failure(operation, claim, _refused(answer, expected), answer)

    stray = "a query parameter that is not declared is refused"
    yield asked(stray, (400, "validation_error", "invalid_input"), params={"colour": "red"})
    yield asked("a project that cannot be is not found", (404, "invalid_request", "not_found"), "first")
    if operation.body is not None:
        text: dict[str, Any] = {"content": b"x", "headers": {"Content-Type": "text/plain"}}
        expected = (415, "invalid_request", "unsupported_media_type")
        yield asked("a body that is no JSON is refused", expected, **text)


def check_tags(client: httpx.Client, objects: Objects) -> Iterator[Failure | None]:
    """Ask each operation that takes a version to change one that is not there."""
    for operation in contract_operations():
        if "412" in operation.responses:
            answer = send(client, operation, objects, {"If-Match": '"of-no-version"'})
            wrong = _refused(answer, (412, "invalid_request", "precondition_failed"))
            yield _failure(operation, "a tag of no version is refused", wrong, answer)


def _refused(answer: httpx.Response, expected: Refusal) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return f"expected {expected}, and met {answer.status_code} with a body that is no JSON object"
    met = (answer.status_code, body.get("type"), body.get("code"))
    if met != expected:
        return f"expected {expected}, and met {met}"
    return "" if body.keys() == _ERROR and body["detail"] else f"an error has {sorted(_ERROR)}, and this {sorted(body)}"


def _unseen(answer: httpx.Response, objects: Objects) -> str:
    if not answer.is_success:
        return f"expected a success, and met {answer.status_code}"
    return f"the answer shows {objects.export}" if objects.export in answer.text else ""


def _failure(operation: OperationSpec, claim: str, wrong: str, answer: httpx.Response) -> Failure | None:
    return Failure(PART, operation.id, claim, wrong, of_response(answer).curl) if wrong else None
