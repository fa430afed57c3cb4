"""The journal as an HTTP archive."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from tests.mock_server.http import EXPORTS, make_app, shared_app
from tests.mock_server.journals import HAR, REQUESTS, listed, steering
from tests.mock_server.worlds import S3


def record(required, optional=None):
    """An object of the specification: what it must have, and what it may; names of others begin with an underscore."""
    properties = {**required, **(optional or {}), "comment": {"type": "string"}}
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


TEXT, COUNT, TIME = {"type": "string"}, {"type": "integer", "minimum": -1}, {"type": "number", "minimum": -1}
WHEN = {"type": "string", "format": "date-time"}
PAIRS = {"type": "array", "items": record({"name": TEXT, "value": TEXT})}
COOKIES = {
    "type": "array",
    "items": record(
        {"name": TEXT, "value": TEXT},
        {"path": TEXT, "domain": TEXT, "expires": WHEN, "httpOnly": {"type": "boolean"}, "secure": {"type": "boolean"}},
    ),
}
MESSAGE = {"httpVersion": TEXT, "cookies": COOKIES, "headers": PAIRS, "headersSize": COUNT, "bodySize": COUNT}
POST_DATA = record({"mimeType": TEXT}, {"params": {"type": "array"}, "text": TEXT})
CONTENT = record({"size": COUNT, "mimeType": TEXT}, {"compression": COUNT, "text": TEXT, "encoding": TEXT})
REQUEST = record(
    {"method": TEXT, "url": {"type": "string", "format": "uri"}, "queryString": PAIRS, **MESSAGE},
    {"postData": POST_DATA},
)
RESPONSE = record(
    {"status": {"type": "integer"}, "statusText": TEXT, "content": CONTENT, "redirectURL": TEXT, **MESSAGE}
)
TIMINGS = record(
    {"send": TIME, "wait": TIME, "receive": TIME}, {"blocked": TIME, "dns": TIME, "connect": TIME, "ssl": TIME}
)
ENTRY = record(
    {
        "startedDateTime": WHEN,
        "time": {"type": "number", "minimum": 0},
        "request": REQUEST,
        "response": RESPONSE,
        "cache": {"type": "object"},
        "timings": TIMINGS,
    },
    {"pageref": TEXT, "serverIPAddress": TEXT, "connection": TEXT},
)
CREATOR = record({"name": TEXT, "version": TEXT})
LOG = record(
    {"version": {"const": "1.2"}, "creator": CREATOR, "entries": {"type": "array", "items": ENTRY}},
    {"browser": CREATOR, "pages": {"type": "array"}},
)
ARCHIVE = Draft202012Validator(record({"log": LOG}), validate_formats=True)
"""HAR 1.2 as its specification words it."""


async def archive(client):
    answer = await client.get(HAR)
    assert answer.status_code == 200, answer.text
    assert [error.message for error in ARCHIVE.iter_errors(answer.json())] == []
    return answer.json()["log"]["entries"]


@pytest.mark.parametrize("broken", [{}, {"log": {"version": "1.2"}}, {"log": {"version": "1.1", "entries": []}}])
def test_what_is_no_archive_is_found_to_be_none(broken):
    assert not ARCHIVE.is_valid(broken)


async def test_an_archive_has_what_was_asked_and_answered():
    async with steering(make_app("empty")) as client:
        created = await client.post(EXPORTS, json={"name": "Mine", "interval": "hour", "destination": S3})
        await client.get("/__w/default/nowhere")
        first, second = await archive(client)
        shown = await listed(client)
    assert first["request"]["url"] == f"http://localhost{EXPORTS}"
    assert '"aws_secret_access_key":"***"' in first["request"]["postData"]["text"]
    assert first["request"]["postData"]["mimeType"] == "application/json"
    assert first["response"]["status"] == 201
    assert first["response"]["statusText"] == "Created"
    assert first["response"]["redirectURL"] == created.headers["Location"]
    assert first["response"]["content"]["size"] == len(created.content)
    assert [each["_number"] for each in (first, second)] == [1, 2]
    assert second["_reason"] == shown[1]["reason"]
    assert second["request"]["url"] == "http://localhost/__w/default/nowhere"


SEGMENTS = st.text(st.characters(codec="utf-8", exclude_characters="/?#\0"), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.lists(st.tuples(SEGMENTS, SEGMENTS), max_size=3),
    st.binary(max_size=20),
    st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "BREW"]),
)
async def test_whatever_is_asked_makes_a_valid_archive(segments, query, body, method):
    async with steering(shared_app()) as client:
        await client.delete(REQUESTS)
        path = "/x/" + "/".join(map(quote, segments))
        await client.request(method, f"{path}?{urlencode(query)}", content=body)
        (entry,) = await archive(client)
    assert entry["request"]["method"] == method
    given = [(pair["name"], pair["value"]) for pair in entry["request"]["queryString"]]
    assert given == query
    assert parse_qsl(urlsplit(entry["request"]["url"]).query, keep_blank_values=True) == query


async def test_a_world_without_requests_has_an_archive_without_entries():
    async with steering(make_app("empty")) as client:
        assert await archive(client) == []
