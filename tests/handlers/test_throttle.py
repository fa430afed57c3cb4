"""What callers see of the limit on their key's requests."""

from datetime import timedelta

import pytest

from batch_exports.domain.throttles import RateLimits
from batch_exports.settings import Settings
from mock_server.personas import KEYS
from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app

PER_MINUTE = 3


@pytest.fixture
def app():
    return make_app(limits=RateLimits(PER_MINUTE, 7))


def told(answer):
    """What an answer tells of the limit: its size, what is left, the seconds until it ends."""
    return tuple(int(answer.headers[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))


async def spend(client, count=PER_MINUTE):
    for _ in range(count):
        assert (await client.get(EXPORT)).status_code == 200


async def test_every_answer_to_a_known_caller_tells_what_is_left(app):
    async with client_of(app) as client:
        found = await client.get(EXPORT)
        missing = await client.get(f"{EXPORTS}019cadd4-5620-7c3e-9a41-000000000000/")
        invalid = await client.get(f"{EXPORTS}?nope=1")
    assert [answer.status_code for answer in (found, missing, invalid)] == [200, 404, 400]
    assert [told(answer) for answer in (found, missing, invalid)] == [(3, 2, 60), (3, 1, 60), (3, 0, 60)]


async def test_what_a_caller_may_not_do_counts_too(app):
    async with client_of(app, Authorization=f"Bearer {KEYS['none']}") as client:
        answers = [await client.get(EXPORT) for _ in range(PER_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert told(answers[0]) == (3, 2, 60)


async def test_one_request_too_many_is_refused_and_told_when_to_come_back(app):
    async with client_of(app) as client:
        await spend(client)
        advance(app, timedelta(seconds=47.5))
        answer = await client.get(EXPORT)
    assert answer.status_code == 429
    assert answer.json() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": "Request was throttled. Expected available in 13 seconds.",
        "attr": None,
    }
    assert (answer.headers["Retry-After"], told(answer)) == ("13", (3, 0, 13))


async def test_one_second_is_not_called_seconds(app):
    async with client_of(app) as client:
        await spend(client)
        advance(app, timedelta(seconds=59.2))
        answer = await client.get(EXPORT)
    assert answer.json()["detail"] == "Request was throttled. Expected available in 1 second."


async def test_a_client_that_waits_as_long_as_it_is_told_goes_on(app):
    async with client_of(app) as client:
        for spent in (3, 3, 1):
            await spend(client, spent)
            refused = await client.get(EXPORT)
            advance(app, timedelta(seconds=int(refused.headers["Retry-After"]) - 1))
            assert (await client.get(EXPORT)).status_code == 429
            advance(app, timedelta(seconds=1))
        # The third window was that of the hour.
        assert refused.headers["RateLimit-Limit"] == "7"
        await spend(client)


@pytest.mark.parametrize(
    ("method", "path", "without_limit"),
    [
        ("GET", f"{EXPORTS}?nope=1", 400),
        ("GET", "/api/projects/2/batch_exports/", 403),
        ("GET", "/api/projects/x/batch_exports/", 404),
        ("POST", EXPORTS, 415),
    ],
)
async def test_a_key_that_has_spent_its_limit_learns_nothing_else(app, method, path, without_limit):
    content = b"{" if method == "POST" else None
    async with client_of(make_app()) as client:
        assert (await client.request(method, path, content=content)).status_code == without_limit
    async with client_of(app) as client:
        await spend(client)
        assert (await client.request(method, path, content=content)).status_code == 429


async def test_who_shows_no_known_key_is_not_counted(app):
    async with client_of(app) as client:
        await spend(client)
        strangers = [await client.get(EXPORT, headers={"Authorization": text}) for text in ("", "Bearer phx_wrong")]
    assert [answer.status_code for answer in strangers] == [401, 401]
    assert all("RateLimit-Limit" not in answer.headers for answer in strangers)


async def test_one_key_does_not_spend_what_another_has(app):
    async with client_of(app) as client:
        await spend(client)
        other = await client.get(EXPORT, headers={"Authorization": f"Bearer {KEYS['read']}"})
    assert (other.status_code, told(other)) == (200, (3, 2, 60))


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs/"])
async def test_pages_without_a_key_have_no_limit(app, path):
    async with client_of(app) as client:
        answers = [await client.get(path) for _ in range(PER_MINUTE + 1)]
    assert all(answer.status_code == 200 and "RateLimit-Limit" not in answer.headers for answer in answers)


async def test_the_mock_has_no_limit_unless_told_to():
    async with client_of(make_app()) as client:
        answers = [await client.get(EXPORT) for _ in range(20)]
    assert all("RateLimit-Limit" not in answer.headers for answer in answers)


def test_production_has_the_limits_of_the_compatible_api_unless_told_otherwise():
    settings = Settings.read({})
    assert (settings.throttle_per_minute, settings.throttle_per_hour) == (480, 4800)
    assert Settings.read({"BATCH_EXPORTS_THROTTLE_PER_HOUR": "0"}).throttle_per_hour == 0
