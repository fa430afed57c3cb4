"""What every answer says about its request: X-Request-Id, and Location of what was made, in both worlds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.callers import NOOP, OWN, PAST, bearer, done, refusal

NOBODY = "00000000-0000-0000-0000-000000000000"
MINE = "my-request.1_A"
REQUESTS = {
    200: ("GET", OWN, {}),
    201: ("POST", OWN, {"json": NOOP}),
    400: ("POST", OWN, {"json": {}}),
    401: ("GET", OWN, {"headers": {"Authorization": "Bearer phx_nobody"}}),
    403: ("POST", OWN, {"json": NOOP, "headers": bearer("read")}),
    404: ("GET", f"{OWN}/{NOBODY}", {}),
    405: ("DELETE", OWN, {}),
    412: ("PATCH", "{export}", {"json": {"name": "New"}, "headers": {"If-Match": '"0"'}}),
    413: ("POST", OWN, {"content": b"[" * (1024 * 1024 + 1), "headers": {"Content-Type": "application/json"}}),
    415: ("POST", OWN, {"content": b"name=x", "headers": {"Content-Type": "text/plain"}}),
    204: ("DELETE", "{export}", {}),
}
request_ids = st.text("abcXYZ019._-", min_size=1, max_size=128)


@pytest.fixture
def send(world):
    """Sends the request that is answered with a status, with an id of its own if one is given."""

    def sent(status, request_id=None):
        method, path, options = REQUESTS[status]
        headers = options.get("headers", {}) | ({} if request_id is None else {"X-Request-Id": request_id})
        path = path.format(export=f"{OWN}/{world.new_export()}") if "{" in path else path
        answer = world.client.request(method, path, **{**options, "headers": headers})
        assert answer.status_code == status, answer.text
        return answer.headers["X-Request-Id"]

    return sent


@pytest.mark.parametrize("status", REQUESTS)
def test_every_answer_bears_the_id_that_came_with_the_request(send, status):
    assert send(status, MINE) == MINE


@pytest.mark.parametrize("status", REQUESTS)
def test_every_answer_without_one_gets_an_id_of_its_own(send, status):
    ids = [send(status) for _ in range(2)]
    assert all(ids)
    assert len(set(ids)) == 2


@pytest.mark.parametrize("path", ["/healthz", "/openapi.yaml", "/nowhere", "/api/projects/1/nothing"])
def test_other_pages_bear_the_id_as_well(world, path):
    assert world.client.get(path, headers={"X-Request-Id": MINE}).headers["X-Request-Id"] == MINE


@pytest.mark.parametrize(
    "path",
    [
        "/api/organizations/1/batch_exports/",
        "/api/organizations/@current/batch_exports/",
        "/api/projects/1/file_download_batch_exports/",
        "/api/projects/1/app_metrics/1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_routes_of_the_compatible_api_that_are_left_out_are_not_found(world, method, path):
    assert refusal(world.client.request(method, path), 404) == ("not_found", None)


@settings(max_examples=25)
@given(request_ids)
def test_any_id_of_plain_characters_comes_back(send, request_id):
    assert send(200, request_id) == request_id


@pytest.mark.parametrize("bad", ["", "x" * 129, "two words", "a,b", "a\tb", '"quoted"', "ä".encode("latin-1")])
def test_an_id_that_could_spoil_a_log_is_replaced(send, bad):
    assert send(200, bad) not in (bad, "")


def test_an_error_names_no_id_but_in_its_header(world):
    answer = world.client.get(f"{OWN}/{NOBODY}", headers={"X-Request-Id": MINE})
    assert MINE not in answer.text


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("project", ["1", "@current"])
@pytest.mark.parametrize("host", ["testserver", "exports.example.com:8443", "[::1]:8000"])
def test_location_is_the_url_under_which_what_was_made_is_shown(world, project, slash, host):
    base = f"/api/projects/{project}/batch_exports"
    export = world.client.post(f"{base}{slash}", json=NOOP, headers={"Host": host})
    location = export.headers["Location"]
    assert location == f"http://{host}{base}/{export.json()['id']}/"
    assert done(world.client.get(location))["id"] == export.json()["id"]

    path = location.partition(host)[2]
    backfill = world.client.post(f"{path}backfills{slash}", json=PAST, headers={"Host": host})
    assert backfill.headers["Location"] == f"{location}backfills/{backfill.json()['backfill_id']}/"
    shown = done(world.client.get(backfill.headers["Location"]))
    assert shown["id"] == backfill.json()["backfill_id"]
