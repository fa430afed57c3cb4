"""Names of exports that ask for a fault."""

import time
from datetime import timedelta

import pytest

from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app
from tests.mock_server.worlds import S3


def body_of(name):
    return {"name": name, "interval": "hour", "destination": S3}


async def write(client, name):
    """Each way to name an export."""
    return [
        await client.post(EXPORTS, json=body_of(name)),
        await client.patch(EXPORT, json={"name": name}),
        await client.put(EXPORT, json=body_of(name)),
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_name_asks_for_an_error(status):
    app = make_app()
    before = app.world.store.tables.exports
    async with client_of(app) as client:
        for answer in await write(client, f"My mock:{status} export"):
            assert answer.status_code == status
            assert set(answer.json()) == {"type", "code", "detail", "attr"}
            assert answer.headers["X-Mock-Source"] == "fault"
            assert answer.headers["X-Mock-Fault"] == f"mock:{status}"
            assert ("Retry-After" in answer.headers) == (status in {429, 503})
    assert app.world.store.tables.exports is before


async def test_a_name_asks_for_patience():
    async with client_of(make_app()) as client:
        begin = time.monotonic()
        answer = await client.patch(EXPORT, json={"name": "mock:slow"})
        assert time.monotonic() - begin >= 2
    assert (answer.status_code, answer.headers["X-Mock-Fault"]) == (200, "mock:slow")


async def test_the_runs_of_an_export_fail_where_its_name_asks_for_that():
    app = make_app("empty")
    async with client_of(app) as client:
        created = await client.post(EXPORTS, json=body_of("mock:run-fails"))
        assert created.status_code == 201
        advance(app, timedelta(hours=2))
        runs = (await client.get(f"{EXPORTS}{created.json()['id']}/runs/?after=all")).json()["results"]
    assert [run["status"] for run in runs] == ["Failed"] * len(runs) != []
    assert all("mock:run-fails" in run["latest_error"] for run in runs)


@pytest.mark.parametrize("key", ["phx_mock_read", "phx_mock_expired"])
async def test_whoever_may_not_write_is_told_that_first(key):
    async with client_of(make_app(), Authorization=f"Bearer {key}") as client:
        answer = await client.post(EXPORTS, json=body_of("mock:500"))
    assert answer.status_code in (401, 403)
    assert "X-Mock-Fault" not in answer.headers


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": ["mock:500"]}', 400),
        (b'["mock:500"]', 400),
        (b'{"name": "mock:500"', 400),
        (b'{"paused": "mock:500"}', 400),
    ],
)
async def test_other_places_than_a_name_ask_for_nothing(content, status):
    async with client_of(make_app(), **{"Content-Type": "application/json"}) as client:
        assert (await client.patch(EXPORT, content=content)).status_code == status


async def test_a_strict_mock_takes_every_name_as_a_name():
    async with client_of(make_app(strict=True)) as client:
        for answer in await write(client, "mock:500"):
            assert (answer.status_code < 300, answer.json()["name"]) == (True, "mock:500")


async def test_a_strict_mock_lets_the_runs_of_every_export_go_well():
    app = make_app("empty", strict=True)
    async with client_of(app) as client:
        created = (await client.post(EXPORTS, json=body_of("mock:run-fails"))).json()
        advance(app, timedelta(hours=2))
        runs = (await client.get(f"{EXPORTS}{created['id']}/runs/?after=all")).json()["results"]
    assert "Completed" in {run["status"] for run in runs} <= {"Completed", "Starting", "Running"}
