"""Exchanges as they end, for whoever listens."""

import asyncio
import json
import signal

import httpx
import pytest

from mock_server.journal.journal import KEPT, Journal
from mock_server.journal.stream import stream
from tests.mock_server.http import ADMIN as KEY
from tests.mock_server.http import EXPORTS, make_app
from tests.mock_server.journals import REQUESTS, STREAM, Reader, exchange_of, listed, steering, streaming
from tests.mock_server.test_process import first_line, mock_process

DEADLINE = 30


async def ask(client, times=1):
    for _ in range(times):
        await client.get(EXPORTS)


def numbers(events):
    return [int(identity) for _, identity, _ in events]


async def test_each_exchange_is_told_as_it_ends_just_as_the_list_shows_it():
    app = make_app("empty")
    async with steering(app) as client, streaming(app) as reader:
        assert dict(reader.start["headers"])[b"content-type"] == b"text/event-stream"
        await ask(client)
        kind, identity, data = await reader.event()
        await client.get("/nowhere")
        _, _, second = await reader.event()
        assert [data, second] == await listed(client)
    assert (kind, identity) == ("exchange", "1")


async def test_a_stream_is_about_one_world():
    app = make_app("empty")
    async with steering(app) as client, streaming(app, f"/__w/blue{STREAM}") as reader:
        await client.get(EXPORTS, headers={"X-Mock-World": "red"})
        await client.get(EXPORTS, headers={"X-Mock-World": "blue"})
        assert (await reader.event())[2]["world"] == "blue"


@pytest.mark.parametrize(
    ("target", "headers", "told"),
    [
        (STREAM, {}, [4]),
        (f"{STREAM}?since=0", {}, [1, 2, 3, 4]),
        (f"{STREAM}?since=2", {}, [3, 4]),
        (STREAM, {"Last_Event_ID": "1"}, [2, 3, 4]),
        (f"{STREAM}?since=0", {"Last_Event_ID": "3"}, [4]),
    ],
)
async def test_a_stream_goes_on_after_what_was_seen_last(target, headers, told):
    app = make_app("empty")
    async with steering(app) as client:
        await ask(client, 3)
        async with streaming(app, target, **headers) as reader:
            await ask(client)
            assert numbers(await reader.events(len(told))) == told


@pytest.mark.parametrize("since", ["x", "-1", "9" * 40])
async def test_a_stream_after_no_number_is_refused(since):
    async with steering(make_app("empty")) as client:
        answer = await client.get(STREAM, params={"since": since})
    assert (answer.status_code, answer.json()["attr"]) == (400, "since")


async def test_a_slow_reader_loses_the_oldest_is_told_how_many_and_keeps_nobody_waiting():
    journal, reader = Journal(), Reader()
    reader.may_read.clear()
    with journal.followed() as follower:
        serving = asyncio.create_task(
            stream(follower, lambda exchange: {"number": exchange.number}, reader.receive, reader.send)
        )
        for number in range(1, KEPT + 6):
            journal.add(exchange_of(number))
        reader.may_read.set()
        assert await reader.event() == ("lost", None, {"count": 5})
        assert numbers(await reader.events(KEPT)) == list(range(6, KEPT + 6))
        journal.add(exchange_of(KEPT + 6))
        assert numbers([await reader.event()]) == [KEPT + 6]
        reader.gone.set()
        await serving


async def test_a_stream_without_events_shows_that_it_is_there():
    reader = Reader()
    with Journal().followed() as follower:
        serving = asyncio.create_task(stream(follower, lambda _: {}, reader.receive, reader.send, heartbeat=0.001))
        assert [await reader.text() for _ in range(4)] == [":\n\n"] * 4
        reader.gone.set()
        await serving


async def test_a_stream_ends_when_its_reader_goes_and_leaves_nothing_behind():
    app = make_app("empty")
    async with streaming(app) as reader:
        (sandbox,) = app._sandboxes
        assert len(sandbox.journal._followers) == 1
        reader.gone.set()
        while not reader.ended:
            await reader.text()
    assert sandbox.journal._followers == []


async def test_removing_a_world_ends_its_streams_and_no_others():
    app = make_app("empty")
    async with (
        steering(app) as client,
        streaming(app, f"/__w/blue{STREAM}") as blue,
        streaming(app) as default,
    ):
        assert (await client.delete("/__mock/worlds/blue")).status_code == 204
        while not blue.ended:
            await blue.text()
        await ask(client)
        assert numbers([await default.event()]) == [1]


async def test_a_stream_outlives_a_reset_and_a_clearing():
    app = make_app("empty")
    async with steering(app) as client, streaming(app) as reader:
        await client.post("/__mock/reset")
        await client.delete(REQUESTS)
        await ask(client)
        assert numbers([await reader.event()]) == [1]


def test_a_stream_arrives_at_once_and_does_not_keep_the_mock_from_ending():
    with mock_process("--json") as process:
        url = json.loads(first_line(process))["url"]
        with httpx.stream("GET", url + STREAM, headers={"X-Mock-Admin": "1"}, timeout=DEADLINE) as answer:
            lines = answer.iter_lines()
            assert next(lines) == ":"
            httpx.get(url + EXPORTS, headers=KEY)
            assert [next(lines) for _ in range(3)] == ["", "event: exchange", "id: 1"]
            process.send_signal(signal.SIGTERM)
            assert any(line.startswith("data: ") for line in lines)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_stream_that_a_client_leaves_leaves_no_trace():
    with mock_process("--json") as process:
        url = json.loads(first_line(process))["url"]
        for _ in range(3):
            with httpx.stream("GET", url + STREAM, headers={"X-Mock-Admin": "1"}, timeout=DEADLINE) as answer:
                next(answer.iter_lines())
            httpx.get(url + EXPORTS, headers=KEY)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err) == (0, "", "")
