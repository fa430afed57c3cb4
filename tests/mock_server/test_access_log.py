"""Each request is told of in the terminal, with the reason when it was refused."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.access_log import _one_line
from tests.mock_server.http import EXPORT, EXPORTS, client_of, make_app


async def ask(log, path=EXPORT, **headers):
    async with client_of(make_app(log=log), **headers) as client:
        return await client.get(path)


async def test_a_request_is_a_line_with_its_world_and_what_answered_it(capsys):
    await ask("pretty", **{"X-Mock-World": "w1"})
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"15:32:00 GET {EXPORT} 200 \d+\.\d ms \[w1 handler\]", line)


async def test_a_refused_request_is_followed_by_the_reason(capsys):
    await ask("pretty", f"{EXPORTS}?limit=x")
    line, reason = capsys.readouterr().err.splitlines()
    assert " 400 " in line
    assert "limit: #/components/parameters/Limit" in reason


async def test_as_json_each_request_is_an_object_and_holds_no_key(capsys):
    await ask("json", f"{EXPORTS}nowhere/at/all/", Authorization="Bearer phx_of_somebody")
    said = capsys.readouterr().err
    assert "phx_of_somebody" not in said
    facts = json.loads(said)
    assert (facts["method"], facts["status"], facts["operation"], facts["world"]) == ("GET", 404, None, "default")
    assert "nearest operation" in facts["reason"]


async def test_unless_asked_for_nothing_is_told(capsys):
    await ask("off")
    assert capsys.readouterr().err == ""


@given(st.text())
def test_what_was_sent_breaks_no_line_and_steers_no_terminal(text):
    assert _one_line(text).isprintable()


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://elsewhere.example"])
async def test_named_origins_alone_may_call_the_api(origin):
    async with client_of(make_app(cors_origins=("http://localhost:5173",))) as client:
        answer = await client.get(EXPORTS, headers={"Origin": origin})
    named = origin == "http://localhost:5173"
    assert answer.headers.get("access-control-allow-origin") == (origin if named else None)


async def test_a_page_of_the_public_network_may_ask_for_the_mock_of_its_machine():
    preflight = {"Origin": "https://preview.example", "Access-Control-Request-Method": "GET"}
    async with client_of(make_app()) as client:
        answer = await client.options(EXPORTS, headers={**preflight, "Access-Control-Request-Private-Network": "true"})
    assert answer.headers["access-control-allow-private-network"] == "true"
