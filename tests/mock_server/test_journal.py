"""What a mock shows of what was asked of it."""

import json
import re
from datetime import timedelta
from functools import cache

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.spec import load_spec
from batch_exports.domain.destinations import NESTED_SECRET_KEYS, SECRET_KEYS
from mock_server.journal.exchange import MOST_BODY_BYTES
from mock_server.journal.journal import KEPT, Journal
from mock_server.journal.redaction import DEEPEST, HIDDEN, is_secret, redact
from tests.mock_server.http import EXPORT, EXPORTS, advance, make_app
from tests.mock_server.journals import HAR, REQUESTS, STREAM, VERIFY, exchange_of, listed, steering, streaming
from tests.mock_server.worlds import S3

CANARY = "canary-5d1f"
SPEC = load_spec().document
DESTINATIONS = [
    example["value"]["destination"]
    for name, example in SPEC["components"]["examples"].items()
    if name.startswith("create_") and "destination" in example["value"]
]


def test_the_contract_has_an_example_of_each_destination_with_credentials():
    assert {each["type"] for each in DESTINATIONS} >= {kind for kind, secret in SECRET_KEYS.items() if secret}


async def test_requests_and_their_answers_are_listed_oldest_first():
    app = make_app("empty")
    async with steering(app) as client:
        created = await client.post(f"{EXPORTS}?x=1", json={"name": "Mine", "interval": "hour", "destination": S3})
        advance(app, timedelta(hours=1))
        page = await client.get(EXPORTS)
        first, second = await listed(client)
    assert first["status"] == created.status_code == 400
    assert (first["number"], first["at"], first["world"]) == (1, "2026-03-02T15:32:00Z", "default")
    assert (first["method"], first["path"], first["query"]) == ("POST", EXPORTS, "x=1")
    assert (first["operation"], first["source"], first["fault"]) == ("create_export", "handler", None)
    assert first["response"]["body"] == created.json()
    assert first["response"]["headers"].items() >= {"x-request-id": "mock-1"}.items()
    assert first["duration_ms"] > 0
    assert (second["number"], second["at"], second["status"]) == (2, "2026-03-02T16:32:00Z", 200)
    assert second["response"]["body"] == page.json()
    assert second["reason"] is None


async def test_the_list_can_be_narrowed():
    app = make_app("empty")
    async with steering(app) as client:
        for _ in range(3):
            await client.get(EXPORTS)
            await client.get(f"{EXPORTS}?limit=x")
            await client.get("/nowhere")
        assert [each["number"] for each in await listed(client, operation="list_exports")] == [1, 2, 4, 5, 7, 8]
        assert [each["number"] for each in await listed(client, status=404)] == [3, 6, 9]
        assert [each["number"] for each in await listed(client, since=7)] == [8, 9]
        assert [each["number"] for each in await listed(client, limit=2)] == [8, 9]
        assert [each["number"] for each in await listed(client, status=200, since=1, limit=1)] == [7]
        assert await listed(client, since=9) == []
        refused = await client.get(REQUESTS, params={"operation": "list_export"})
    assert refused.status_code == 400
    assert "list_exports" in refused.json()["detail"]


async def test_clearing_forgets_requests_and_nothing_else():
    app = make_app("empty")
    async with steering(app) as client:
        await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
        before = (await client.get(EXPORTS)).json()
        assert (await client.delete(REQUESTS)).status_code == 204
        assert await listed(client) == []
        assert (await client.get(EXPORTS)).json() == before
        assert [each["number"] for each in await listed(client)] == [3]


async def test_each_world_has_a_journal_of_its_own_that_outlives_a_reset():
    app = make_app("empty")
    async with steering(app) as client:
        for world, times in (("a", 1), ("b", 2)):
            for _ in range(times):
                await client.get(EXPORTS, headers={"X-Mock-World": world})
        assert (await client.post("/__mock/reset", headers={"X-Mock-World": "b"})).status_code == 200
        counts = [len((await client.get(f"/__w/{world}{REQUESTS}")).json()["results"]) for world in ("a", "b", "c")]
        assert counts == [1, 2, 0]
        await client.delete("/__mock/worlds/b")
        assert (await client.get(f"/__w/b{REQUESTS}")).json()["results"] == []


def test_a_journal_keeps_so_many_exchanges():
    journal = Journal()
    for number in range(1, KEPT + 8):
        journal.add(exchange_of(number))
    assert [each.number for each in journal] == list(range(8, KEPT + 8))


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(1, 10), st.integers(1, 100))
def test_bodies_take_no_more_than_their_room_and_the_newest_are_kept(sizes, kept, most):
    journal = Journal(kept, most)
    for number, size in enumerate(sizes):
        journal.add(exchange_of(number, b"x" * size, b"y"))
    exchanges = list(journal)
    assert sum(each.size for each in exchanges) <= most
    held = [each.request_body is not None for each in exchanges]
    assert held == sorted(held)
    room = most
    for exchange, is_held in zip(reversed(exchanges), reversed(held), strict=True):
        room -= sizes[exchange.number] + 1
        assert is_held == (room >= 0)


@given(st.permutations(range(1, 8)), st.integers(0, 8))
def test_what_ended_after_a_request_is_found_in_whatever_order_they_began(numbers, since):
    journal = Journal()
    for number in numbers:
        journal.add(exchange_of(number))
    later = [each.number for each in journal.after(since)]
    if since in numbers:
        assert later == list(numbers[numbers.index(since) + 1 :])
    else:
        assert later == [number for number in numbers if number > since]


@pytest.mark.parametrize(("spare", "is_shown"), [(0, True), (1, False)])
async def test_a_long_body_is_not_kept(spare, is_shown):
    body = orjson.dumps("x" * (MOST_BODY_BYTES - 2 + spare))
    async with steering(make_app("empty")) as client:
        await client.post(EXPORTS, content=body, headers={"Content-Type": "application/json"})
        (shown,) = await listed(client)
    assert shown["request"]["body"] == (orjson.loads(body) if is_shown else None)
    assert shown["status"] == 400


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", None),
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b'{"a": ', "not JSON, 6 bytes"),
        (b"\xff", "not JSON, 1 bytes"),
        (b"password=x", "not JSON, 10 bytes"),
        (b"[" * DEEPEST + b"]" * DEEPEST, json.loads("[" * DEEPEST + "]" * DEEPEST)),
        (b"[" * 300 + b"]" * 300, "nested deeper than 100 levels, 600 bytes"),
    ],
)
async def test_a_body_is_shown_as_json_or_not_at_all(body, shown):
    async with steering(make_app("empty")) as client:
        await client.post(EXPORTS, content=body, headers={"Content-Type": "application/json"})
        assert (await listed(client))[0]["request"]["body"] == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Bearer phx_mock_admin", "Bearer phx_mock_admin"),
        ("bearer phx_mock_read.blue", "bearer phx_mock_read.blue"),
        (f"Bearer phx_{CANARY}", "Bearer ***"),
        (f"Basic {CANARY}", "Basic ***"),
        (CANARY, "***"),
        (f"{CANARY} x", "***"),
    ],
)
async def test_a_key_is_shown_only_if_everybody_knows_it(given, shown):
    async with steering(make_app("empty")) as client:
        await client.get(EXPORTS, headers={"Authorization": given})
        world = "blue" if "blue" in given else "default"
        (exchange,) = (await client.get(f"/__w/{world}{REQUESTS}")).json()["results"]
    assert exchange["request"]["headers"]["authorization"] == shown


async def test_no_cookie_is_shown_but_the_one_that_names_a_world():
    async with steering(make_app("empty")) as client:
        await client.get(EXPORTS, headers={"Cookie": f'{CANARY}; sid={CANARY}; theme="{CANARY}"'})
        await client.get(EXPORTS, headers={"Cookie": f"sid={CANARY}; mock_world=blue"})
        (nameless,) = await listed(client)
        (exchange,) = (await client.get(f"/__w/blue{REQUESTS}")).json()["results"]
    assert nameless["request"]["headers"]["cookie"] == "***; sid=***; theme=***"
    assert exchange["request"]["headers"]["cookie"] == "sid=***; mock_world=blue"


def planted(value, secret):
    """A destination whose every credential is a canary."""
    if isinstance(value, dict):
        return {key: CANARY if key in secret else planted(inner, NESTED_SECRET_KEYS) for key, inner in value.items()}
    return value


def camel(value):
    """The same with names as JavaScript writes them."""
    if isinstance(value, dict):
        return {
            "".join(part.capitalize() if index else part for index, part in enumerate(key.split("_"))): camel(inner)
            for key, inner in value.items()
        }
    return value


SHAPES = {
    "as it should be": lambda text: text,
    "an object": lambda text: text.replace(f'"{CANARY}"', f'{{"value":"{CANARY}"}}'),
    "a list": lambda text: text.replace(f'"{CANARY}"', f'["{CANARY}"]'),
    "names of another style": lambda text: json.dumps(camel(json.loads(text))),
    "a text that holds it": json.dumps,
    "a text of a text": lambda text: json.dumps(json.dumps(text)),
    "a text where an object belongs": lambda text: json.dumps({"name": "x", "interval": text, "destination": text}),
    "an echo of it": lambda text: json.dumps({"name": "x", "interval": json.loads(text), "model": text}),
    "the same name twice": lambda text: text.replace("{", f'{{"password":"{CANARY}","password":"{CANARY}",', 1),
    "a list of it": lambda text: f"[{text}]",
    "a form": lambda text: f"destination={text}",
}
TARGETS = st.sampled_from(
    [("POST", EXPORTS), ("PUT", EXPORT), ("PATCH", EXPORT), ("POST", f"{EXPORTS}run_test_step_new/"), ("POST", "/x")]
)
KEYS_OF = {kind: secret for kind, secret in SECRET_KEYS.items() if secret}


@st.composite
def bodies_with_canaries(draw):
    destination = draw(st.sampled_from([each for each in DESTINATIONS if each["type"] in KEYS_OF]))
    kind = destination["type"]
    config = planted(destination["config"], SECRET_KEYS[kind]) | dict.fromkeys(SECRET_KEYS[kind], CANARY)
    body = {"name": "Mine", "interval": "hour", "destination": {"type": kind, "config": config}}
    text = SHAPES[draw(st.sampled_from(sorted(SHAPES)))](json.dumps(body))
    return text[: draw(st.none() | st.integers(0, len(text)))]


@cache
def app_for_canaries():
    return make_app("typical")


@settings(deadline=None, max_examples=60)
@given(
    bodies_with_canaries(),
    TARGETS,
    st.sampled_from(["", f"token={CANARY}", f"password={CANARY}&limit=x", f'destination={{"user":"{CANARY}"}}']),
)
async def test_no_credential_is_shown_anywhere(body, target, query):
    method, path = target
    app = app_for_canaries()
    hidden = {"Cookie": f"sid={CANARY}", "Proxy-Authorization": CANARY, "Content-Type": "application/json"}
    expected = {"destination": {"config": dict.fromkeys(set().union(*SECRET_KEYS.values()), f"{CANARY}!")}}
    async with steering(app) as client, streaming(app) as reader:
        await client.delete(REQUESTS)
        await client.request(method, path, params=query, content=body, headers=hidden)
        await client.request(
            method, path, params=query, content=body, headers={**hidden, "Authorization": f"Bearer phx_{CANARY}"}
        )
        shown = [
            (await client.get(REQUESTS)).text,
            (await client.get(HAR)).text,
            (await client.post(VERIFY, json={"method": method, "body": expected})).text,
            (await client.post(VERIFY, json={"query": {"token": f"{CANARY}!"}, "count": {"min": 3}})).text,
            str(await reader.events(2)),
        ]
    assert HIDDEN in shown[0]
    assert [text for text in shown if CANARY in text] == []


async def test_a_credential_is_hidden_by_its_name_and_what_is_beside_it_is_not():
    body = {"name": "Mine", "interval": "hour", "destination": {"type": "S3", "config": {**S3["config"], "region": 5}}}
    async with steering(make_app("empty")) as client:
        await client.post(EXPORTS, json=body)
        (exchange,) = await listed(client)
    config = exchange["request"]["body"]["destination"]["config"]
    hidden = {"aws_access_key_id": HIDDEN, "aws_secret_access_key": HIDDEN}
    assert config == {**S3["config"], "region": 5, **hidden}


def with_config(**config):
    return {"name": "Mine", "interval": "hour", "destination": {"type": "S3", "config": {**S3["config"], **config}}}


def points_somewhere(reason):
    """Whether the pointer of a reason points to something in the contract."""
    node = SPEC
    pointer = re.search(r"#/([^,)]+)", reason)[1]
    for step in (each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")):
        node = node[int(step)] if isinstance(node, list) else node[step]
    return True


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", EXPORTS, with_config(region=5), ("S3Config/properties/region/type", "given 5")),
        (
            "POST",
            EXPORTS,
            with_config(aws_secret_access_key=5),
            ("schemas/Secret/type", "destination__config__aws_secret_access_key"),
        ),
        ("POST", EXPORTS, with_config(color="red"), ("S3Config/additionalProperties", "color")),
        ("POST", EXPORTS, {"name": "Mine"}, ("BatchExportCreate/required",)),
        ("POST", EXPORTS, {**with_config(), "name": "n" * 500}, ("ExportName/maxLength",)),
        (
            "POST",
            EXPORTS,
            with_config(file_format="Parquet", compression="gzip", max_file_size_mb=-1),
            ("MaxFileSizeMb/", "given -1"),
        ),
        (
            "POST",
            EXPORTS,
            with_config(file_format="JSONLines", compression="zstd"),
            ("schemas/Compression", 'given "zstd"'),
        ),
        ("POST", EXPORTS, {**with_config(), "destination": {"type": "Fax"}}, ("DestinationRequest", 'given "Fax"')),
        ("PATCH", EXPORT, {"destination": {"config": {"region": 5}}}, ("#/components/schemas/", "given 5")),
        ("GET", f"{EXPORTS}?limit=many", None, ("#/components/parameters/Limit", 'given "many"')),
        ("GET", f"{EXPORTS}mine/", None, ("#/components/parameters/ExportId", 'given "mine"')),
    ],
)
async def test_a_refusal_points_to_where_the_contract_says_so(method, path, body, said):
    async with steering(make_app()) as client:
        answer = await client.request(method, path, json=body)
        (exchange,) = await listed(client)
    assert 400 <= answer.status_code < 500
    assert exchange["reason"].startswith(answer.json()["detail"])
    assert [text for text in said if text not in exchange["reason"]] == []
    assert ("given" in exchange["reason"]) == any("given" in text for text in said)
    assert points_somewhere(exchange["reason"])


@pytest.mark.parametrize(
    ("method", "path", "nearest"),
    [
        ("GET", "/projects/1/batch_exports/", "list_exports: GET /api/projects/{project_id}/batch_exports/"),
        ("GET", "/__w/blue/api/projects/1/batch_export/", "list_exports: GET"),
        ("POST", "/api/projects/1/batch-exports/", "create_export: POST"),
        ("POST", f"{EXPORT}run/7/retry", "retry_run: POST"),
        ("PUT", EXPORTS, "GET (list_exports), POST (create_export)"),
    ],
)
async def test_the_journal_names_the_operation_that_comes_nearest(method, path, nearest):
    async with steering(make_app()) as client:
        await client.request(method, path)
        world = "blue" if "blue" in path else "default"
        (exchange,) = (await client.get(f"/__w/{world}{REQUESTS}")).json()["results"]
    assert exchange["status"] in {404, 405}
    assert nearest in exchange["reason"]


async def test_a_path_that_is_like_none_is_said_to_be_nothing_more():
    async with steering(make_app()) as client:
        await client.get("/favicon.ico")
        assert (await listed(client))[0]["reason"] == "Endpoint not found."


async def test_an_answer_that_was_asked_for_is_said_to_be_one():
    async with steering(make_app()) as client:
        await client.get(EXPORTS, headers={"Prefer": "code=503"})
        assert (await listed(client))[0]["reason"] == "The request asked for it: Prefer: code=503."


async def test_a_caller_without_a_key_is_told_the_keys_in_the_journal_alone():
    async with steering(make_app()) as client:
        answer = await client.get(EXPORTS, headers={"Authorization": ""})
        (exchange,) = await listed(client)
    assert "phx_mock_admin" not in answer.text
    assert "phx_mock_admin" in exchange["reason"]


async def test_the_control_api_and_preflights_are_not_in_the_journal():
    async with steering(make_app()) as client:
        await client.get("/__mock/scenario")
        await client.options(EXPORTS, headers={"Origin": "http://a.test", "Access-Control-Request-Method": "PUT"})
        assert await listed(client) == []


async def test_the_stream_cannot_be_read_by_whoever_may_not_steer():
    async with steering(make_app()) as client:
        refused = await client.get(STREAM, headers={"X-Mock-Admin": "0"})
    assert (refused.status_code, refused.json()["code"]) == (403, "admin_header_required")


async def test_a_fault_is_the_reason_of_its_own_answers_and_of_no_others():
    app = make_app()
    async with steering(app) as client:
        added = await client.post("/__mock/faults", json={"do": {"status": 503}, "times": 1})
        slowed = await client.post("/__mock/faults", json={"do": {"latency_ms": 1}})
        assert added.status_code == slowed.status_code == 201, added.text
        await client.get(EXPORTS)
        await client.get(f"{EXPORTS}?limit=x")
        hit, slow = await listed(client)
    assert hit["fault"] == added.json()["id"]
    assert hit["reason"] == f"The fault {hit['fault']} hit it."
    assert slow["fault"] == slowed.json()["id"]
    assert slow["reason"].startswith("A valid integer is required. (limit:")


@pytest.mark.parametrize(
    "name", ["X-Api-Key", "service_account_info", "clientSecret", "aws_access_key_id", "Authorization"]
)
def test_what_other_services_call_a_credential_is_not_shown_either(name):
    assert is_secret(name)
    assert redact({name: "planted", "name": "shown"}) == {name: "***", "name": "shown"}


@pytest.mark.parametrize("name", ["secrets_set", "name", "bucket_name", "key_template", "paused"])
def test_what_is_no_credential_is_shown(name):
    assert redact({name: "shown"}) == {name: "shown"}
