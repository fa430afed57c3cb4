"""A client that steers the mock, in a world of its own."""

from contextlib import asynccontextmanager
from functools import cache
from itertools import count

from tests.mock_server.http import EXPORTS, client_of, make_app
from tests.mock_server.worlds import S3

STEERING = {"X-Mock-Admin": "1", "Host": "localhost"}
PAST = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-03-01T03:00:00Z"}


NUMBERS = count()


@cache
def shared_app():
    return make_app("empty", max_worlds=1_000_000)


@asynccontextmanager
async def steered():
    """A client that may steer a world of its own, and the address of the only export there."""
    async with client_of(shared_app(), **STEERING, **{"X-Mock-World": f"world-{next(NUMBERS)}"}) as client:
        made = await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
        assert made.status_code == 201, made.text
        yield client, f"{EXPORTS}{made.json()['id']}/"


async def progress(client, mode, **settings):
    answer = await client.put("/__mock/progression", json={"mode": mode, **settings})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def run_of_a_backfill(client, export):
    """The address of the first run of a new backfill."""
    made = await client.post(f"{export}backfills/", json=PAST)
    assert made.status_code == 201, made.text
    return f"{export}runs/{min(run['id'] for run in await everything(client))}/"


async def everything(client):
    return (await client.get("/__mock/runs", params={"limit": 1000})).json()["results"]
