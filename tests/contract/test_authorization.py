"""Every operation of the contract, asked by everybody who may not and by one who may, in both worlds."""

import pytest
from starlette.testclient import TestClient

from mock_server.personas import KEYS
from tests.contract.right_requests import make_objects, send
from tests.contract.worlds import ACME
from tests.spec.document import operations

pytestmark = pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)

WITH_OBJECT = [each for each in operations() if "id}" in each.path.removeprefix("/{project_id}")]


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture
def objects(client, operation):
    client.headers["Authorization"] = f"Bearer {KEYS['admin']}"
    made = make_objects(client, operation)
    del client.headers["Authorization"]
    yield made
    # Open backfills are limited.
    client.delete(f"/api/projects/{ACME}/batch_exports/{made.export}", headers=bearer("admin"))


def bearer(persona):
    return {"Authorization": f"Bearer {KEYS[persona]}"}


def assert_refused(answer, status, kind, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"type", "code", "detail", "attr"}
    assert (body["type"], body["code"], body["attr"]) == (kind, code, None)
    assert body["detail"]


def test_without_a_token_nobody_is_let_in(client, operation, objects):
    answer = send(client, operation, objects, {})
    assert_refused(answer, 401, "authentication_error", "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["phx_nobody", "of-another-service", KEYS["admin"] + "x"])
def test_a_false_token_lets_nobody_in(client, operation, objects, token):
    answer = send(client, operation, objects, {"Authorization": f"Bearer {token}"})
    assert_refused(answer, 401, "authentication_error", "authentication_failed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_forbidden(client, operation, objects):
    [scope] = operation.node["x-required-scopes"]
    lacking = "none" if scope.endswith(":read") else "read"
    answer = send(client, operation, objects, bearer(lacking))
    assert_refused(answer, 403, "authentication_error", "permission_denied")
    assert scope in answer.json()["detail"]


def test_another_projects_token_is_forbidden(client, operation, objects):
    answer = send(client, operation, objects, bearer("other_project"), project=str(ACME))
    assert_refused(answer, 403, "authentication_error", "permission_denied")


def test_another_projects_object_is_not_found_in_the_own_project(client, operation, objects):
    answer = send(client, operation, objects, bearer("other_project"))
    if operation in WITH_OBJECT:
        assert_refused(answer, 404, "invalid_request", "not_found")
    else:
        assert answer.is_success, answer.text
        assert objects.export not in answer.text


def test_the_right_token_is_served(client, operation, objects):
    [scope] = operation.node["x-required-scopes"]
    persona = "read" if scope.endswith(":read") else "admin"
    answer = send(client, operation, objects, bearer(persona), project=str(ACME))
    assert str(answer.status_code) in operation.successes, answer.text
