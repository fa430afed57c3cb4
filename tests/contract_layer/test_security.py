"""Who is let in, and in which order the questions are asked."""

from hashlib import sha3_256, sha256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError
from batch_exports.contract.request import Request
from batch_exports.contract.security import Guard, Principal, project_of
from tests.contract_layer.asgi import scope_of
from tests.contract_layer.lab import ID, MANY, NEW, ONE, Client, lab_app

MISSING = (401, "not_authenticated", "Authentication credentials were not provided.", None)
FALSE = (
    401, "authentication_failed", "Personal API key found in request Authorization header is invalid.", None,
)  # fmt: skip


@pytest.mark.parametrize("headers", [[], [b""], [b"Basic d3JpdGVyOg=="], [b"writer"], [b"Token writer"]])
async def test_a_request_without_a_bearer_token_is_not_authenticated(anonymous, headers):
    answer = await anonymous.get(ONE, *((b"authorization", value) for value in headers))
    assert answer.problem == MISSING
    assert answer.json["type"] == "authentication_error"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [[b"Bearer wrong"], [b"Bearer"], [b"Bearer "], [b"Bearer a b"], [b"Bearer \xff"], [b"Bearer " + b"x" * 5000],
     [b"Bearer writer", b"Bearer writer"], [b"Basic x", b"Bearer writer"]],
)  # fmt: skip
async def test_a_token_that_nobody_owns_is_refused(anonymous, headers):
    answer = await anonymous.get(ONE, *((b"authorization", value) for value in headers))
    assert answer.problem == FALSE
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_digest_is_that_of_one_token_however_it_is_sent_and_another_without_it(app):
    sent = [b"Bearer writer", b"Bearer writer", b"bearer  writer", b"Bearer reader"]
    answers = [await Client(app, token=None).get(MANY, (b"authorization", value)) for value in sent]
    first, *again, others = (answer.json["digest"] for answer in answers)
    assert again == [first, first]
    assert others != first
    assert first not in {make(b"text").hexdigest() for make in (sha256, sha3_256)}


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"Bearer  "])
async def test_the_scheme_may_be_spelt_in_any_case(anonymous, scheme):
    assert (await anonymous.get(ONE, (b"authorization", scheme + b" writer"))).status == 200


async def test_a_key_that_may_write_may_read(app):
    assert (await Client(app, "writer").get(ONE)).status == 200


async def test_a_key_that_may_only_read_may_not_write(app):
    answer = await Client(app, "reader").send("DELETE", ONE)
    assert answer.problem == (403, "permission_denied", "API key missing required scope 'thing:write'", None)
    assert answer.json["type"] == "authentication_error"


async def test_a_key_without_scopes_may_do_nothing(app):
    answer = await Client(app, "nobody").get(ONE)
    assert answer.problem[2] == "API key missing required scope 'thing:read'"


async def test_a_foreign_project_is_forbidden(client):
    detail = "API key does not have access to the requested project: ID 2."
    assert (await client.get(f"/api/projects/2/things/{ID}/")).problem == (403, "permission_denied", detail, None)


@pytest.mark.parametrize("text", ["x", "01", "+1", "1_0", " 1", "1.0", "-1", "\u0661", "9" * 5000, "@other"])
async def test_what_is_no_project_id_is_no_project(client, text):
    assert (await client.get(f"/api/projects/{text}/things/")).problem == (404, "not_found", "Project not found.", None)


async def test_current_is_the_first_project_of_the_key(client):
    assert (await client.get("/api/projects/@current/things/")).json["project"] == 1


async def test_a_key_without_a_project_has_no_current_one(app):
    answer = await Client(app, "homeless").get("/api/projects/@current/things/")
    assert answer.problem == (404, "not_found", "Project not found.", None)


async def test_an_operation_that_asks_for_nothing_is_open_to_all(anonymous):
    assert (await anonymous.get("/api/projects/ping/")).json == {"pong": True}


@pytest.mark.parametrize(
    ("token", "project", "query", "status"),
    [
        (None, "2", "?nope=1", 401),
        ("nobody", "2", "?nope=1", 403),
        ("reader", "2", "?nope=1", 403),
        ("reader", "1", "?nope=1", 400),
    ],
)
async def test_strangers_learn_nothing_from_the_order_of_errors(app, token, project, query, status):
    assert (await Client(app, token).get(f"/api/projects/{project}/things/{query}")).status == status


async def test_a_known_caller_is_counted_before_anything_else_is_decided():
    asked = []

    async def throttle(principal, state):
        asked.append((principal.id, state))
        if len(asked) > 3:
            raise ApiError(429, "throttled", "Later.", headers={"Retry-After": "5"})
        return ((b"ratelimit-remaining", b"%d" % (3 - len(asked))),)

    app = lab_app(throttle=throttle)
    answers = [
        await Client(app, None).get(ONE),
        await Client(app, "wrong").get(ONE),
        await Client(app, "nobody").get(ONE, state={"world": 1}),
        await Client(app, "reader").get("/api/projects/2/things/"),
        await Client(app).get(f"{ONE}answers/crash/"),
        await Client(app, "nobody").get("/api/projects/2/things/"),
    ]
    assert [answer.status for answer in answers] == [401, 401, 403, 403, 500, 429]
    assert [answer.headers.get("ratelimit-remaining") for answer in answers] == [None, None, "2", "1", "0", None]
    assert answers[-1].headers["retry-after"] == "5"
    assert asked == [("n", {"world": 1}), ("r", {}), ("w", {}), ("n", {})]


async def test_an_operation_that_asks_for_no_key_is_not_counted():
    async def throttle(_principal, _state):
        raise ApiError(429, "throttled", "Later.")

    assert (await Client(lab_app(throttle=throttle), None).get("/api/projects/ping/")).status == 200


async def test_the_body_is_looked_at_last(app):
    client = Client(app, "reader")
    assert (await client.post(MANY, b"{")).status == 403
    assert (await Client(app).post(f"{MANY}?nope=1", b"{")).problem[1] == "invalid_input"


async def test_the_caller_is_known_to_the_handler(client):
    assert (await client.get(MANY)).json["caller"] == "w"


scopes = st.frozensets(st.sampled_from(["a:read", "a:write", "b:read", "b:write"]))


@given(needed=scopes, held=scopes)
async def test_admission_needs_every_scope_and_write_implies_read(needed, held):
    async def authenticate(_):
        return Principal(id="x", scopes=held, project_ids=frozenset())

    request = Request(scope_of("GET", ONE, [(b"authorization", b"Bearer t")]), None)
    implied = held | {scope.replace("write", "read") for scope in held}
    try:
        await Guard(authenticate, sorted(needed)).admit(request)
    except ApiError as error:
        assert error.status == 403
        assert not needed <= implied
    else:
        assert needed <= implied


@given(text=st.text(max_size=20), own=st.frozensets(st.integers(0, 20)))
def test_a_project_is_one_of_the_callers_own_or_an_error(text, own):
    try:
        project_id = project_of(Principal(id="x", scopes=frozenset(), project_ids=own), text)
    except ApiError as error:
        assert error.status in {403, 404}
    else:
        assert project_id in own


async def test_a_valid_request_is_made_by_the_right_key(client):
    assert (await client.post(MANY, orjson.dumps(NEW))).status == 201
