"""What the API answers while its database fails."""

import json
from urllib.parse import quote

import psycopg
import pytest

from batch_exports.bootstrap import build_world, prepare
from batch_exports.settings import Settings
from tests.api import served
from tests.postgres import running_server


def assert_asks_for_patience(answer):
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["code"] == "unavailable"
    assert "busy or away" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_statement_that_cannot_get_its_lock_is_answered_503(tmp_path, postgres_url, method):
    settings = Settings(data_dir=tmp_path, database_url=f"{postgres_url}?options=-c%20lock_timeout%3D100")
    prepare(settings)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        async with served(settings) as client:
            body = {"name": "Out", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}
            with other.transaction():
                other.execute("LOCK TABLE exports IN ACCESS EXCLUSIVE MODE")
                assert_asks_for_patience(await client.request(method, "/", json=body))
            assert (await client.request(method, "/", json=body)).status_code in {200, 201}


async def test_a_server_whose_database_restarts_asks_for_patience_and_goes_on(tmp_path):
    with running_server() as server:
        settings = Settings(data_dir=tmp_path, database_url=server.create_database())
        prepare(settings)
        async with served(settings) as client:
            assert (await client.get("/")).status_code == 200
            server.stop()
            assert_asks_for_patience(await client.get("/"))
            assert (await client.get("http://test/readyz")).status_code == 503
            server.start()
            assert (await client.get("/")).status_code == 200
            assert (await client.get("http://test/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("origins", "allowed"), [(frozenset(), None), ({"https://app.test"}, "https://app.test"), ({"*"}, "*")]
)
async def test_a_page_may_call_the_api_if_its_origin_is_set(tmp_path, origins, allowed):
    settings = Settings(data_dir=tmp_path, cors_origins=frozenset(origins))
    prepare(settings)
    async with served(settings) as client:
        answer = await client.get("/", headers={"Origin": "https://app.test"})
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed


async def test_requests_of_a_key_are_counted_and_its_last_use_is_noted(tmp_path):
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    async with served(settings) as client:
        answers = [await client.get("/") for _ in range(12)]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == [str(479 - each) for each in range(12)]
    assert answers[0].headers["RateLimit-Limit"] == "480"
    async with build_world(settings) as world:
        keys, last_used = await world.services.access.keys()
    assert last_used.keys() == {key.id for key in keys}


TEXTS = ["a\0b", "\ud800", "\uffff", "\x01", "%", "\\", "'"]
MOMENTS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "-1000000d"]
NUMBERS = [2**31, 2**63, 10**30]
JSON = {"Content-Type": "application/json"}
EXPORT = {"interval": "hour", "destination": {"type": "NoOp", "config": {}}}


async def test_no_text_moment_or_number_that_is_hard_to_keep_makes_postgresql_fail(tmp_path, postgres_url):
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    prepare(settings)
    async with served(settings) as client:
        path = f"/{(await client.post('/', json={'name': 'Out', **EXPORT})).json()['id']}"
        answers = [await client.post("/", content=json.dumps({"name": text, **EXPORT}), headers=JSON) for text in TEXTS]
        for text in TEXTS:
            encoded = quote(text.encode("utf-8", "surrogatepass"))
            answers += [await client.get(f"{place}{encoded}") for place in ("/?search=", f"{path}/logs/?search=")]
        for moment in MOMENTS:
            answers += [await client.get(f"{path}/{noun}/", params={"after": moment}) for noun in ("runs", "logs")]
            answers.append(await client.post(f"{path}/backfills/", json={"start_at": moment, "end_at": moment}))
        for number in NUMBERS:
            answers += [await client.get(place, params={"limit": number}) for place in ("/", f"{path}/runs/")]
            answers.append(await client.get(f"http://test/api/projects/{number}/batch_exports/"))

    assert {answer.status_code for answer in answers} <= {200, 201, 400, 403, 404}
