"""Clients of a mock's journal, and one that reads its stream."""

import asyncio
import json
from contextlib import asynccontextmanager

from mock_server.journal.exchange import Exchange
from tests.contract_layer.asgi import scope_of
from tests.mock_server.http import EXPORTS, client_of
from tests.mock_server.worlds import START

CONTROL = {"X-Mock-Admin": "1", "Host": "localhost"}
REQUESTS = "/__mock/requests"
VERIFY = f"{REQUESTS}/verify"
HAR = f"{REQUESTS}/har"
STREAM = f"{REQUESTS}/stream"
DEADLINE = 10


def steering(app, **headers):
    """A client that may steer a mock."""
    return client_of(app, **CONTROL, **headers)


def exchange_of(number=1, request=b"", response=b""):
    """An exchange that has ended."""
    return Exchange(
        number=number,
        at=START,
        world="default",
        method="GET",
        path=EXPORTS,
        query=b"",
        operation=None,
        request_headers=[],
        began=0.0,
        request_body=bytearray(request),
        status=200,
        response_body=bytearray(response),
    )


async def listed(client, **parameters):
    """What a journal shows."""
    answer = await client.get(REQUESTS, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


class Reader:
    """Reads a stream, as fast as it is let."""

    def __init__(self):
        self.gone = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.start = None
        self.ended = False
        self._texts = asyncio.Queue()

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await self.may_read.wait()
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.ended = not message.get("more_body", False)
            self._texts.put_nowait(message.get("body", b"").decode())

    async def text(self):
        """What comes next, as it stands."""
        return await asyncio.wait_for(self._texts.get(), DEADLINE)

    async def event(self):
        """What comes next, comments aside: its kind, its id and its data."""
        while (text := await self.text()).startswith(":"):
            pass
        fields = dict(line.split(": ", 1) for line in text.rstrip("\n").split("\n"))
        assert text.endswith("\n\n")
        return fields["event"], fields.get("id"), json.loads(fields["data"])

    async def events(self, count):
        """The next ones."""
        return [await self.event() for _ in range(count)]


@asynccontextmanager
async def streaming(app, target=STREAM, **headers):
    """One who reads the stream of a world, connected."""
    reader = Reader()
    raw = [(name.replace("_", "-").lower().encode(), text.encode()) for name, text in headers.items()]
    scope = scope_of("GET", target, [(b"x-mock-admin", b"1"), *raw])
    scope["headers"] = [each for each in scope["headers"] if each[0] != b"host"] + [(b"host", b"localhost")]
    serving = asyncio.create_task(app(scope, reader.receive, reader.send))
    await reader.text()
    try:
        yield reader
    finally:
        reader.gone.set()
        reader.may_read.set()
        await asyncio.wait_for(serving, DEADLINE)
