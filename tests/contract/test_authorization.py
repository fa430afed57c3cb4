"""Every operation of the contract, asked by everybody who may not and by one who may, in both worlds."""

import pytest
from starlette.testclient import TestClient

from batch_exports.conformance.authorization import check_caller
from batch_exports.conformance.caller_rows import Claim, caller_rows, names_object
from batch_exports.conformance.operations import contract_operations
from batch_exports.conformance.right_requests import make_objects, send
from batch_exports.conformance.target import Target
from mock_server.personas import KEYS
from tests.contract.worlds import ACME
from tests.spec.document import implemented

TARGET = Target("http://testserver", KEYS["admin"], KEYS["other_project"], KEYS["read"], project=str(ACME))
IMPLEMENTED = {each.id for each in implemented()}
# A stub knows no objects.
ROWS = [
    each
    for each in caller_rows(TARGET, changes=True)
    if each.operation.id in IMPLEMENTED or each.claim is not Claim.OTHER_OBJECT
]


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def shared(client):
    """Objects that no refused request can have changed."""
    return _made(client, None)


@pytest.fixture
def objects(client, operation):
    made = _made(client, operation)
    yield made
    # Open backfills are limited.
    client.delete(f"/api/projects/{ACME}/batch_exports/{made.export}", headers=bearer("admin"))


def _made(client, operation):
    client.headers["Authorization"] = f"Bearer {KEYS['admin']}"
    made = make_objects(client, operation)
    del client.headers["Authorization"]
    return made


def bearer(persona):
    return {"Authorization": f"Bearer {KEYS[persona]}"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operation.id}-{row.claim.name}-{row.key}")
def test_whoever_may_not_is_refused(client, row, shared):
    assert check_caller(client, row, shared) is None


@pytest.mark.parametrize("operation", contract_operations(), ids=lambda each: each.id)
def test_every_claim_is_made_of_every_operation_that_it_concerns(operation):
    claims = {row.claim for row in ROWS if row.operation == operation}
    needs_write = operation.scopes[0].endswith(":write")
    # Tokens without any scope are asked below.
    assert {Claim.NO_KEY, Claim.FALSE_KEY, Claim.OTHER_PROJECT} <= claims
    assert (Claim.NO_SCOPE in claims) is needs_write
    assert (Claim.OTHER_OBJECT in claims) is (names_object(operation) and operation.id in IMPLEMENTED)


@pytest.mark.parametrize("operation", contract_operations(), ids=lambda each: each.id)
def test_a_token_without_any_scope_is_forbidden(client, operation, shared):
    answer = send(client, operation, shared, bearer("none"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert operation.scopes[0] in answer.json()["detail"]


@pytest.mark.parametrize(
    "operation", [each for each in contract_operations() if each.id in IMPLEMENTED], ids=lambda each: each.id
)
def test_the_right_token_is_served(client, operation, objects):
    persona = "read" if operation.scopes[0].endswith(":read") else "admin"
    answer = send(client, operation, objects, bearer(persona), project=str(ACME))
    assert str(answer.status_code) in operation.responses, answer.text
    assert answer.is_success, answer.text
