"""Pages of other origins may call the API where an operator lets them, and nowhere else."""

import pytest

from batch_exports.contract.cors import open_to
from tests.contract_layer.lab import MANY, ONE, Client, lab_app

PAGE = "https://app.example.com"
ASKED = (
    (b"access-control-request-method", b"PATCH"),
    (b"access-control-request-headers", b"authorization, if-match, idempotency-key"),
)


def origin(text):
    return (b"origin", text.encode())


def cors_headers(answer):
    return {name for name in answer.headers if name.startswith("access-control-")}


async def test_without_origins_no_page_may_read_anything(client, anonymous):
    assert not cors_headers(await client.get(ONE, origin(PAGE)))
    preflight = await anonymous.send("OPTIONS", ONE, origin(PAGE), *ASKED)
    assert (preflight.status, cors_headers(preflight)) == (204, set())


@pytest.mark.parametrize("origins", [{PAGE, "http://localhost:5173"}, {"*"}])
async def test_a_preflight_needs_no_key(origins):
    anonymous = Client(lab_app(wrap=open_to(origins)), None)
    answer = await anonymous.send("OPTIONS", ONE, origin(PAGE), *ASKED)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ("*" if "*" in origins else PAGE)
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert {"authorization", "if-match", "idempotency-key"} <= {
        name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")
    }


@pytest.mark.parametrize(("target", "token", "status"), [(ONE, "writer", 200), (ONE, None, 401), ("/nope", None, 404)])
async def test_a_page_may_read_answers_and_refusals_with_the_headers_that_matter(target, token, status):
    answer = await Client(lab_app(wrap=open_to({PAGE})), token).get(target, origin(PAGE))
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, PAGE)
    assert {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")} >= {
        "ETag", "Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id",
        "Idempotent-Replayed",
    }  # fmt: skip
    assert answer.headers["vary"] == "Origin"


async def test_a_page_of_another_origin_may_not():
    client = Client(lab_app(wrap=open_to({PAGE})))
    answer = await client.get(MANY, origin("https://app.example.com.evil.test"))
    assert "access-control-allow-origin" not in answer.headers
    preflight = await client.send("OPTIONS", MANY, origin("https://evil.test"), *ASKED)
    assert preflight.status == 400
    assert "access-control-allow-origin" not in preflight.headers


async def test_cookies_are_never_asked_for():
    answer = await Client(lab_app(wrap=open_to({"*"}))).get(ONE, origin(PAGE))
    assert "access-control-allow-credentials" not in answer.headers


async def test_who_is_no_page_is_served_as_ever():
    answer = await Client(lab_app(wrap=open_to({PAGE}))).get(ONE)
    assert (answer.status, "access-control-allow-origin" in answer.headers) == (200, False)
