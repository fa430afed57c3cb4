"""What is sent in process is what Schemathesis would have sent, and what is wrong with the answers is seen."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.transport.asgi import ASGI_TRANSPORT

from tests.contract.in_process import Application, InProcessTransport, load_contract, world_of

CONTRACT = load_contract()
OPERATIONS = {each.ok().definition.raw["operationId"]: each.ok() for each in CONTRACT.get_all_operations()}
COMPARED = ("type", "method", "scheme", "path", "raw_path", "root_path", "query_string", "http_version")


class Echo:
    """Notes what it is asked, and answers every request alike."""

    def __init__(self, status=200, headers=(), parts=(b"",)):
        self.status, self.headers, self.parts = status, list(headers), parts
        self.asked = []
        self.ended = False

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._live(scope["state"], receive, send)
            return
        body = (await receive())["body"]
        # Schemathesis' client for applications gives its own name, and over HTTP the one that we give.
        headers = sorted(each for each in scope["headers"] if each[0] != b"user-agent")
        self.asked.append(({name: scope[name] for name in COMPARED}, headers, scope["state"], body))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async def _live(self, state, receive, send):
        await receive()
        state["started"] = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.ended = True
        await send({"type": "lifespan.shutdown.complete"})


def sent_by_us(app, case):
    with asyncio.Runner() as runner, Application(app, runner).alive() as application:
        return InProcessTransport(application).send(case)


def shown(response):
    return response.status_code, response.headers, response.content


operations = st.sampled_from(["list_runs", "create_backfill"]).map(OPERATIONS.__getitem__)
cases = operations.flatmap(lambda operation: operation.as_strategy())
headers = st.lists(
    st.tuples(st.sampled_from([b"content-type", b"etag", b"vary", b"Location"]), st.binary(max_size=9)), max_size=4
)


@given(cases)
@settings(max_examples=10)
def test_an_application_is_asked_what_schemathesis_would_have_asked(case):
    stock, ours = Echo(), Echo()
    ASGI_TRANSPORT.send(case, app=stock)
    sent_by_us(ours, case)
    assert ours.asked == stock.asked


@given(st.sampled_from([200, 404, 500]), headers, st.lists(st.binary(max_size=9), max_size=3))
@settings(max_examples=25)
def test_an_answer_is_shown_as_schemathesis_would_have_shown_it(status, headers, parts):
    case = OPERATIONS["list_runs"].Case(path_parameters={"project_id": "1", "batch_export_id": "2"})
    app = Echo(status, headers, parts)
    assert shown(sent_by_us(app, case)) == shown(ASGI_TRANSPORT.send(case, app=app))


def list_of(world):
    return world["/{project_id}/batch_exports/"]["GET"].Case(path_parameters={"project_id": "1"})


def test_an_application_lives_as_long_as_its_world():
    app = Echo()
    with world_of("echo", CONTRACT, app) as world:
        list_of(world).call()
        assert app.asked[0][2] == {"started": True}
        assert not app.ended
    assert app.ended


def test_an_application_that_does_not_start_is_no_world():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(AssertionError, match="no database"), world_of("broken", CONTRACT, app):
        pass


def test_an_answer_that_breaks_the_contract_fails_and_names_the_world():
    with world_of("the echo", CONTRACT, Echo(500)) as world, pytest.raises(FailureGroup) as failure:
        world.prove(list_of(CONTRACT))
    assert failure.value.__notes__ == ["It was the echo that answered."]
    assert world.answers.total() == 0


def test_an_error_of_an_application_arrives_as_it_was_raised():
    class Broken(Echo):
        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                raise ZeroDivisionError
            await super().__call__(scope, receive, send)

    with world_of("broken", CONTRACT, Broken()) as world, pytest.raises(ZeroDivisionError) as failure:
        world.prove(list_of(CONTRACT))
    assert failure.traceback[-1].name == "__call__"


@given(cases)
@settings(max_examples=10)
def test_a_case_is_for_every_world(case):
    before, meta = repr(case), case.meta.to_dict()
    app = Echo(403, [(b"content-type", b"application/json")], [b"{}"])
    with world_of("echo", CONTRACT, app) as world, pytest.raises(FailureGroup):
        world.prove(case)
    assert repr(case) == before
    assert case.meta.to_dict() == meta
    assert case.operation.schema is not world
