"""The production API as an ASGI application in the test's own event loop, without a socket."""

import asyncio
from contextlib import asynccontextmanager

import httpx

from batch_exports.domain.keys import WRITE_SCOPE
from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app


@asynccontextmanager
async def started(app):
    """The state of an application between its startup and its shutdown."""
    state, heard, said = {}, asyncio.Queue(), asyncio.Queue()
    life = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, heard.get, said.put)
    )
    await heard.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    try:
        yield state
    finally:
        await heard.put({"type": "lifespan.shutdown"})
        await life


def client_of(app, state, *, caller="127.0.0.1", **options):
    """A client of a started application that calls from an address."""

    async def with_state(scope, receive, send):
        await app({**scope, "state": dict(state)}, receive, send)

    transport = httpx.ASGITransport(with_state, client=(caller, 50000))
    return httpx.AsyncClient(transport=transport, **{"base_url": "http://test", **options})


@asynccontextmanager
async def served(settings):
    """A client of the API over these settings, with a key of a new project."""
    app = create_app(settings, Instruments({}))
    async with started(app) as state:
        access = state["services"].access
        project = await access.create_project("Shop")
        key, _ = await access.create_key([project.id], {WRITE_SCOPE}, "test")

        base = f"http://test/api/projects/{project.id}/batch_exports"
        headers = {"Authorization": f"Bearer {key}"}
        async with client_of(app, state, base_url=base, headers=headers) as client:
            yield client
