"""The contract as Schemathesis tests it in this process: cases that belong to no world, and worlds to send them to.

A world is called in the thread of the test, on an event loop that runs as long as a request takes.
"""

import asyncio
import importlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import APIOperation
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import ignored_auth
from schemathesis.specs.openapi.schemas import OpenApiSchema
from schemathesis.transport import BaseTransport
from schemathesis.transport.prepare import normalize_base_url
from schemathesis.transport.requests import REQUESTS_TRANSPORT

from batch_exports.conformance.schemathesis_run import CONFIG
from mock_server.personas import KEYS
from tests.spec.document import PATH, implemented

Case = schemathesis.Case[Any]
Message = dict[str, Any]

_HOST = "testserver"
# It sends each request that succeeds twice more; the authorization matrix asks every operation with every kind of key.
_PROVED_ELSEWHERE = [ignored_auth]


def load_contract() -> OpenApiSchema:
    """The contract with the hooks and relaxations of all property runs, for one identity."""
    values = tomllib.loads(CONFIG.read_text())
    importlib.import_module(values["hooks"])
    # One identity, for values of one answer do not reach the next request here; the served worlds get two.
    values["auth"] = {"openapi": {"bearerAuth": {"bearer": KEYS["admin"]}}}
    # The served worlds get this phase, which is by far the longest.
    values["phases"]["coverage"] = {"enabled": False}
    # What is warned of is for the served worlds, and looking for it takes a good part of the time of each case.
    del values["operations"]
    contract = schemathesis.openapi.from_path(PATH, config=SchemathesisConfig.from_dict(values))
    return contract.include(operation_id=[each.id for each in implemented()])


def for_each_case(operation: APIOperation, prove: Callable[[Case], None], *, examples: int, seed: int = 0) -> None:
    """Hand over the contract's examples of an operation, and so many cases that are generated for it.

    Schemathesis' own way to parametrize gives all operations one name, of which parallel runs carry out one.
    """

    def carry_out(case: Case) -> None:
        prove(case)

    modes = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.FUZZING]
    # No example takes long, but all of them together do.
    quiet = settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    config = HypothesisTestConfig(modes=modes, project=operation.schema.config, seed=seed, explicit_settings=quiet)
    create_test(operation=operation, test_func=carry_out, config=config)()


class Application:
    """An ASGI application on an event loop of its own."""

    def __init__(self, app: Any, runner: asyncio.Runner) -> None:
        # The runner's own way to run things installs a signal handler each time, which costs as much as a request.
        self._app, self._loop = app, runner.get_loop()
        self._state: dict[str, Any] = {}

    @contextmanager
    def alive(self) -> Iterator["Application"]:
        """Start the application, and end it."""
        told: asyncio.Queue[Message] = asyncio.Queue()
        said: asyncio.Queue[Message] = asyncio.Queue()

        async def reach(what: str) -> None:
            await told.put({"type": f"lifespan.{what}"})
            answer = await said.get()
            assert answer == {"type": f"lifespan.{what}.complete"}, answer

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        life = self._loop.create_task(self._app(scope, told.get, said.put))
        self._loop.run_until_complete(reach("startup"))
        yield self
        self._loop.run_until_complete(reach("shutdown"))
        self._loop.run_until_complete(life)

    def answer(self, request: requests.PreparedRequest) -> tuple[Message, bytes]:
        """The start of the answer, and its body."""
        start, *rest = self._loop.run_until_complete(
            self._exchange(_scope(request) | {"state": self._state.copy()}, _body(request))
        )
        return start, b"".join(each.get("body", b"") for each in rest)

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> list[Message]:
        sent: list[Message] = []
        asked = iter([{"type": "http.request", "body": body}])

        async def receive() -> Message:
            return next(asked, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return sent


class InProcessTransport(BaseTransport[Any]):
    """Builds the requests that Schemathesis would send, and hands them to an application."""

    def __init__(self, application: Application) -> None:
        super().__init__()
        self._application = application

    def serialize_case(self, case: Case, **kwargs: Any) -> dict[str, Any]:
        return REQUESTS_TRANSPORT.serialize_case(case, **kwargs)

    def send(self, case: Case, *, session: Any = None, base_url: str | None = None, **kwargs: Any) -> Response:
        origin = base_url or normalize_base_url(case.operation.base_url, host=_HOST)
        request = requests.Request(**self.serialize_case(case, base_url=origin, **kwargs)).prepare()
        before = perf_counter()
        start, body = self._application.answer(request)
        headers: dict[str, list[str]] = {}
        for name, value in start["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        elapsed = perf_counter() - before
        return Response(start["status"], headers, body, request, elapsed, verify=False, http_version="1.1")


class World(OpenApiSchema):
    """The contract as one application keeps it."""

    def __init__(self, name: str, contract: OpenApiSchema, application: Application) -> None:
        super().__init__(contract.raw_schema, config=contract.config)
        self._name = name
        self.answers: Counter[int] = Counter()
        """How often each status answered a case."""
        self._transport = InProcessTransport(application)

    @property
    def transport(self) -> BaseTransport[Any]:
        return self._transport

    def prove(self, case: Case) -> Response:
        """Send a case that was generated for any world, and carry out all checks of the answer."""
        try:
            response = case_for(self, case).call_and_validate(excluded_checks=_PROVED_ELSEWHERE)
        except (Exception, FailureGroup) as failure:
            failure.add_note(f"It was {self._name} that answered.")
            raise
        self.answers[response.status_code] += 1
        return response


def case_for(contract: OpenApiSchema, case: Case) -> Case:
    """The same case of a contract of its own, since hooks fit a case to a world and note what became of it."""
    own = case.derive(keep_auth=True)
    own.operation = contract[case.operation.path][case.operation.method]
    if meta := case.meta:
        own._meta = replace(meta, generation=replace(meta.generation), components=dict(meta.components))
    return own


@contextmanager
def world_of(name: str, contract: OpenApiSchema, app: Any) -> Iterator[World]:
    """A world for the time of a block."""
    with asyncio.Runner() as runner, Application(app, runner).alive() as application:
        yield World(name, contract, application)


def _scope(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(str(request.url))
    headers = {"host": url.netloc} | {name.lower(): value for name, value in request.headers.items()}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "root_path": "",
        "query_string": url.query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": (url.hostname, 80),
    }


def _body(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body
