"""Refusals that a run of generated requests cannot bring about, by every operation that documents them."""

import sqlite3
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from batch_exports.conformance.right_requests import BACKFILL, OWN, Objects, make_objects, send
from batch_exports.domain.throttles import RateLimits
from mock_server.personas import KEYS
from tests.contract.conftest import MAKERS
from tests.contract.worlds import production_app
from tests.spec.document import operations

# What is refused here is refused before any object is looked for.
NOBODY = "00000000-0000-0000-0000-000000000000"
OBJECTS = Objects(NOBODY, NOBODY, NOBODY)
ADMIN = {"Authorization": f"Bearer {KEYS['admin']}"}
LARGEST_BODY = 1024 * 1024
EXPORT = {"name": "Events", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}

every_operation = pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)
with_body = pytest.mark.parametrize("operation", [each for each in operations() if each.body], ids=lambda each: each.id)
with_tag = pytest.mark.parametrize(
    "operation", [each for each in operations() if "412" in each.errors], ids=lambda each: each.id
)


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, headers=ADMIN) as client:
        yield client


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Production whose database holds what cannot be read, where every request looks."""
    folder = tmp_path_factory.mktemp("broken")
    with TestClient(production_app(folder), headers=ADMIN) as client:
        with closing(sqlite3.connect(folder / "batch_exports.db")) as database, database:
            database.execute("UPDATE api_keys SET scopes = '[hunter2'")
        yield client


@pytest.fixture(scope="module", params=MAKERS)
def spent(request, tmp_path_factory):
    """A caller who may make one request an hour, and has made it."""
    app = MAKERS[request.param](tmp_path_factory.mktemp("spent"), limits=RateLimits(per_minute=0, per_hour=1))
    with TestClient(app, headers=ADMIN) as client:
        assert client.get(OWN).is_success
        yield client


def refusal(answer, status):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"type", "code", "detail", "attr"}
    return body["type"], body["code"], body["attr"]


@every_operation
def test_a_query_parameter_that_is_not_declared_is_refused(client, operation):
    answer = client.request(operation.method, OBJECTS.path(operation, "@current"), params={"colour": "red"})
    assert refusal(answer, 400) == ("validation_error", "invalid_input", "colour")


@every_operation
@pytest.mark.parametrize("project", ["0x1", "first", "@others"])
def test_a_project_that_cannot_be_is_not_found(client, operation, project):
    answer = client.request(operation.method, OBJECTS.path(operation, project))
    assert refusal(answer, 404) == ("invalid_request", "not_found", None)


@with_body
def test_a_body_that_is_too_large_is_refused_and_one_byte_less_is_read(client, operation):
    def sent(size):
        headers = {"Content-Type": "application/json"}
        return client.request(
            operation.method, OBJECTS.path(operation, "@current"), content=b"x" * size, headers=headers
        )

    assert refusal(sent(LARGEST_BODY + 1), 413) == ("invalid_request", "payload_too_large", None)
    assert refusal(sent(LARGEST_BODY), 400) == ("invalid_request", "parse_error", None)


@every_operation
def test_damaged_data_are_the_service_s_fault_and_stay_its_secret(broken, operation):
    answer = broken.request(operation.method, OBJECTS.path(operation, "@current"))
    assert refusal(answer, 500) == ("server_error", "error", None)
    assert "hunter2" not in answer.text


@with_tag
def test_a_tag_of_no_version_is_refused(client, operation):
    objects = make_objects(client, operation)
    answer = send(client, operation, objects, {"If-Match": '"of-no-version"'})
    assert refusal(answer, 412) == ("invalid_request", "precondition_failed", "If-Match")


@every_operation
def test_one_request_too_many_has_to_wait(spent, operation):
    answer = spent.request(operation.method, OBJECTS.path(operation, "@current"))
    assert refusal(answer, 429) == ("throttled_error", "throttled", None)
    assert int(answer.headers["Retry-After"]) == int(answer.headers["RateLimit-Reset"]) > 0


@pytest.mark.parametrize("operation_path", ["backfills", "backfill"])
@pytest.mark.parametrize("world", MAKERS)
def test_one_backfill_too_many_has_to_wait(tmp_path, world, operation_path):
    with TestClient(MAKERS[world](tmp_path, max_open_backfills=1), headers=ADMIN) as client:
        export = client.post(OWN, json=EXPORT).json()["id"]
        first, second = (client.post(f"{OWN}/{export}/{operation_path}", json=BACKFILL) for _ in range(2))
    assert first.is_success, first.text
    assert refusal(second, 429) == ("throttled_error", "too_many_concurrent_backfills", None)
    assert int(second.headers["Retry-After"]) > 0
