"""What HTTP allows and many servers get wrong, one claim each."""

import asyncio
import logging

import orjson
import pytest

from batch_exports.contract import Context
from batch_exports.contract.request import Limits
from tests.contract_layer.asgi import call, scope_of
from tests.contract_layer.lab import HANDLERS, ID, JSON, MANY, NEW, ONE, Client, lab_app

BODY = orjson.dumps(NEW)
LIST_METHODS = "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("base", ["/api/projects", "/api/environments"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_every_route_exists_in_both_families_with_and_without_a_final_slash(client, base, slash):
    answer = await client.get(f"{base}/1/things{slash}")
    assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/", "", "/nope", "/api", "/api/projects/1", "/api/projects/1/things//", "//api/projects/1/things/",
             "/api/projects//things/", f"{ONE}more/", "/api/projects/1/things/\0/", "/API/projects/1/things/"],
)  # fmt: skip
async def test_an_unknown_path_is_not_found(client, path):
    assert (await client.get(path)).problem == (404, "not_found", "Endpoint not found.", None)


async def test_an_unknown_path_is_not_found_before_anybody_asks_who_calls(anonymous):
    assert (await anonymous.get("/nope")).status == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_another_method_is_refused_with_all_that_are_allowed(client, method):
    answer = await client.send(method, MANY)
    assert answer.problem == (405, "method_not_allowed", f'Method "{method}" not allowed.', None)
    assert answer.json["type"] == "invalid_request"
    assert answer.headers["allow"] == LIST_METHODS


async def test_the_allowed_methods_are_those_of_the_path_itself(client):
    assert (await client.send("POST", ONE)).headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


async def test_options_lists_the_methods_without_asking_who_calls(anonymous):
    answer = await anonymous.send("OPTIONS", MANY)
    assert (answer.status, answer.body, answer.headers["allow"]) == (204, b"", LIST_METHODS)
    assert "content-length" not in answer.headers


async def test_head_answers_like_get_without_a_body(client):
    head, get = await client.send("HEAD", ONE), await client.get(ONE)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


async def test_head_of_a_refusal_has_no_body_either(anonymous):
    answer = await anonymous.send("HEAD", ONE)
    assert (answer.status, answer.body) == (401, b"")


async def test_a_path_in_full_beats_one_with_a_parameter(client):
    assert (await client.get(f"{MANY}special/")).json == {"special": True}


async def test_an_id_that_reads_like_another_path_still_finds_its_own(client):
    assert (await client.get(f"{MANY}special/answers/ok/")).problem == (404, "not_found", "Not found.", None)


@pytest.mark.parametrize(
    "text", ["7", "not-a-uuid", ID[:-1], f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), "1" * 5000]
)
async def test_a_path_id_of_another_form_names_nothing(client, text):
    assert (await client.get(f"{MANY}{text}/")).problem == (404, "not_found", "Not found.", None)


async def test_an_upper_case_id_is_the_same_id(client):
    assert (await client.get(f"{MANY}{ID.upper()}/")).json["id"] == ID


@pytest.mark.parametrize("content_type", [b"application/json", b"Application/JSON", b"application/json; charset=bogus"])
async def test_json_is_json_in_any_spelling_and_with_any_charset(client, content_type):
    assert (await client.post(MANY, BODY, headers=((b"content-type", content_type),))).status == 201


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ((), ""),
        (((b"content-type", b"text/plain"),), "text/plain"),
        (((b"content-type", b"application/x-ndjson"),), "application/x-ndjson"),
        (((b"content-type", b"multipart/form-data; boundary=x"),), "multipart/form-data"),
        (((b"content-type", b"application/json-patch+json"),), "application/json-patch+json"),
        (((b"content-type", b"\xff"),), "\xff"),
    ],
)
async def test_a_body_that_is_not_declared_as_json_is_an_unsupported_type(client, headers, named):
    answer = await client.post(MANY, BODY, headers=headers)
    assert answer.problem == (415, "unsupported_media_type", f'Unsupported media type "{named}" in request.', None)


async def test_get_ignores_a_content_type(client):
    assert (await client.get(ONE, (b"content-type", b"multipart/form-data"))).status == 200


async def test_a_body_without_a_length_is_read_to_its_end(client):
    assert (await client.post(MANY, BODY[:10], BODY[10:40], b"", BODY[40:])).status == 201


async def test_a_body_that_declares_too_much_is_refused_unread(app):
    asked = []

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b""}

    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"authorization", b"Bearer writer"), JSON, (b"content-length", b"1048577")]
    await app(scope_of("POST", MANY, headers), receive, send)
    assert (sent[0]["status"], asked) == (413, [])
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize("chunks", [[b" " * 300], [b" " * 99] * 4, [b" " * 200, b""], [b"", b" " * 201, b""]])
async def test_a_body_that_grows_too_large_is_refused(chunks):
    client = Client(lab_app(limits=Limits(body_bytes=200)))
    answer = await client.post(MANY, *chunks)
    assert answer.status == (413 if sum(map(len, chunks)) > 200 else 400)


async def test_an_endless_body_is_not_read_to_its_end():
    app = lab_app(limits=Limits(body_bytes=1000))
    read = []
    sent = []

    async def receive():
        read.append(100)
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async def send(message):
        sent.append(message)

    await app(scope_of("POST", MANY, [(b"authorization", b"Bearer writer"), JSON]), receive, send)
    assert sent[0]["status"] == 413
    assert sum(read) <= 1100


@pytest.mark.parametrize("length", [b"9" * 5000, b"99999999"])
async def test_an_absurd_length_is_too_large(client, length):
    assert (await client.post(MANY, BODY, headers=(JSON, (b"content-length", length)))).status == 413


async def test_a_length_that_is_no_number_is_refused(client):
    answer = await client.post(MANY, BODY, headers=(JSON, (b"content-length", b"-1")))
    assert answer.problem[:2] == (400, "parse_error")


async def test_a_client_that_hangs_up_gets_no_answer(app):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope_of("POST", MANY, [(b"authorization", b"Bearer writer"), JSON]), receive, send)
    assert sent == []


@pytest.mark.parametrize(
    "headers", [[(b"x-filler", b"")] * 101, [(b"x-filler", b"y" * 40_000)], [(b"y" * 40_000, b"")]]
)
async def test_too_many_or_too_long_headers_are_refused(client, headers):
    answer = await client.get(ONE, *headers)
    assert answer.problem[:2] == (431, "headers_too_large")


async def test_a_header_section_within_its_limits_is_read(client):
    filler = [(b"x-filler-%d" % number, b"y" * 300) for number in range(97)]
    assert (await client.get(ONE, *filler)).status == 200


@pytest.mark.parametrize("path", [MANY, f"{MANY}special/", "/healthz"])
async def test_a_query_that_is_too_long_is_refused_whatever_it_says(client, path):
    answer = await client.get(f"{path}?cursor={'x' * 8192}")
    assert answer.problem == (400, "invalid_input", "The query string is longer than 8192 bytes.", None)
    assert (await client.get(f"{MANY}?cursor={'x' * (8192 - len('cursor='))}")).status == 200


@pytest.mark.parametrize("chunks", [[b" " * 201], [b" " * 100] * 3])
async def test_a_body_that_is_too_large_is_named_with_its_limit(chunks):
    answer = await Client(lab_app(limits=Limits(body_bytes=200))).post(MANY, *chunks)
    assert answer.problem == (413, "payload_too_large", "The request body is larger than 200 bytes.", None)
    assert answer.headers["connection"] == "close"


async def test_a_request_id_is_kept(client):
    assert (await client.get(ONE, (b"x-request-id", b"Trace-1.2_3"))).headers["x-request-id"] == "Trace-1.2_3"


@pytest.mark.parametrize("value", [b"", b"a b", b"a\r\nx: y", b"x" * 129, b"\xc3\xa4"])
async def test_an_unsafe_request_id_is_replaced(client, value):
    answer = await client.get(ONE, (b"x-request-id", value))
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    "target", [ONE, "/nope", "/healthz", "/openapi.yaml", "/docs/", "/docs/nope", "/api/projects/9/things/"]
)
async def test_every_response_carries_a_request_id(client, target):
    assert (await client.get(target)).headers["x-request-id"]


async def test_two_requests_have_two_ids(client):
    first, second = await client.get(ONE), await client.get(ONE)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_the_application_works_below_a_mount_point(client):
    answer = await client.get(f"/mount{MANY}", root_path="/mount")
    assert answer.json["base"] == "http://lab.test/mount/api/projects/1/things"
    assert answer.json["url"] == "http://lab.test/mount/api/projects/1/things/?cursor=a+b"


async def test_a_server_that_cuts_the_mount_point_off_is_understood_too(client):
    answer = await client.get(MANY, root_path="/mount")
    assert answer.json["base"] == "http://lab.test/mount/api/projects/1/things"


async def test_a_mount_point_is_cut_off_at_a_segment_only(client):
    assert (await client.get(f"/mountain{MANY}", root_path="/mount")).status == 404


async def test_links_keep_the_family_of_paths_that_the_caller_used(client):
    answer = await client.get("/api/environments/@current/things?limit=5&status=Failed&cursor=old")
    assert answer.json["base"] == "http://lab.test/api/environments/@current/things"
    assert answer.json["url"] == "http://lab.test/api/environments/@current/things?status=Failed&cursor=a+b"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"api.example.com", "https://api.example.com"),
        (b"api.example.com:8443", "https://api.example.com:8443"),
        (b"[::1]:8000", "https://[::1]:8000"),
        (b"evil.test/path", "https://127.0.0.1:8000"),
        (b"evil test", "https://127.0.0.1:8000"),
        (b"a@b", "https://127.0.0.1:8000"),
    ],
)
async def test_links_name_the_host_that_was_asked_if_it_can_be_one(app, host, origin):
    headers = [(b"host", host), (b"authorization", b"Bearer writer"), (b"x-forwarded-host", b"evil.test")]
    scope = scope_of("GET", MANY, scheme="https") | {"headers": headers}
    assert (await call(app, scope)).json["base"] == f"{origin}/api/projects/1/things"


async def test_an_error_in_a_handler_is_told_to_nobody_and_logged_once(client, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = await client.get(f"{ONE}answers/crash/", (b"x-request-id", b"trace-7"))
    assert answer.problem == (500, "error", "A server error occurred.", None)
    assert answer.json["type"] == "server_error"
    assert answer.headers["x-request-id"] == "trace-7"
    (record,) = caplog.records
    assert "trace-7" in record.getMessage()
    assert str(record.exc_info[1]) == "hunter2"


async def test_the_lifespan_reaches_the_handlers():
    events = []

    class Lifespan:
        def __init__(self, _):
            pass

        async def __aenter__(self):
            events.append("up")
            return {"services": 7}

        async def __aexit__(self, *_):
            events.append("down")

    app = lab_app(lifespan=Lifespan)
    inbox = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []
    state = {}

    async def receive():
        return inbox.pop(0)

    async def send(message):
        sent.append(message["type"])

    await app({"type": "lifespan", "state": state}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert events == ["up", "down"]
    assert (await Client(app).get(MANY, state=state)).json["state"] == {"services": 7}


async def test_a_request_that_is_broken_off_because_the_process_ends_is_told_that_it_may_have_been_done():
    begun = asyncio.Event()

    async def create_thing(body, ctx: Context):
        begun.set()
        await asyncio.Event().wait()

    app = lab_app(resolve=lambda name, _: create_thing if name == "create_thing" else HANDLERS.get(name))
    asking = asyncio.create_task(Client(app).post(MANY, BODY))
    await begun.wait()
    asking.cancel()
    answer = await asking
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "unavailable", "1")
    assert "may still have been done" in answer.json["detail"]
    assert answer.headers["x-request-id"]
