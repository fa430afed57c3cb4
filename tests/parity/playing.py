"""Plays a program in both worlds, and tells where their answers differ."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from batch_exports.domain.runs import RunStatus
from mock_server.personas import KEYS
from tests.parity.exceptions import Difference, is_reviewed
from tests.parity.programs import ABSENT, Call, Move, Program, Step, Wait
from tests.parity.symbols import Symbols
from tests.parity.worlds import Pair, World, move
from tests.spec.document import implemented

OPERATIONS = {each.id: each for each in implemented()}

_BASE = "/api/projects"
_DERIVED = {"content-length", "date"}


@dataclass(frozen=True)
class Answer:
    """An answer with symbols in place of what its world named."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Compared:
    """A request that both worlds have answered."""

    step: Step
    """What the program says: this request, or what it looks at."""
    call: Call
    answer: Answer
    """The mock's."""
    found: Sequence[Difference]

    @property
    def differences(self) -> list[Difference]:
        """Those that no reviewed exception explains."""
        return [each for each in self.found if not is_reviewed(each)]


async def play(pair: Pair, program: Program, *, closely: bool = True) -> list[Compared]:
    """Play a program from the beginning, until the worlds have gone apart.

    `closely`: after each request that may have changed something, both are asked for what.
    """
    await pair.begin()
    player = _Player(pair, closely=closely)
    compared: list[Compared] = []
    for step in program:
        await player.take(step, compared)
        if is_apart(compared):
            break
    return compared


def is_apart(compared: Sequence[Compared]) -> bool:
    """Whether the worlds have answered a program differently, its last request namely."""
    return bool(compared) and bool(compared[-1].differences)


class _Player:
    def __init__(self, pair: Pair, *, closely: bool) -> None:
        self._pair = pair
        self._closely = closely
        self._sides: list[tuple[World, Symbols]] = [(pair.mock, Symbols()), (pair.production, Symbols())]

    async def take(self, step: Step, compared: list[Compared]) -> None:
        if isinstance(step, Call):
            compared.append(await self._compare(step, step))
            await self._pair.wait()
        elif isinstance(step, Move):
            for world, symbols in self._sides:
                await move(world, UUID(symbols.fill(step.run)), RunStatus(step.to))
        else:
            await self._pair.wait(step.seconds)
        for look in _looks(step) if self._closely else ():
            if is_apart(compared):
                return
            compared.append(await self._compare(look, step))

    async def _compare(self, call: Call, step: Step) -> Compared:
        mock, production = [await _ask(world, symbols, call) for world, symbols in self._sides]
        parts = _differences(mock.__dict__, production.__dict__)
        return Compared(step, call, mock, [Difference(call.operation, *each) for each in parts])


def _looks(step: Step) -> list[Call]:
    """What shows all that a step may have changed."""
    if isinstance(step, Wait):
        return [Call("list_exports")]
    if isinstance(step, Call) and (step.method or OPERATIONS[step.operation].method) in {"get", "GET"}:
        return []
    export = step.export if isinstance(step, Move) else step.path.get("batch_export_id", step.path.get("id"))
    if export is None or not export.startswith("$"):
        return []
    shown = [Call("get_export", {"id": export}), Call("list_backfills", {"batch_export_id": export})]
    by_somebody = Call("list_export_activity", {"id": export}, query=[["limit", "2"]])
    return shown if isinstance(step, Move) else [*shown, by_somebody]


async def _ask(world: World, symbols: Symbols, call: Call) -> Answer:
    response = await world.client.send(_request(world.client, symbols, call))
    # The body first, since it tells of what kind each object is.
    body = symbols.of(_content(response))
    headers = {name: symbols.of(value, name) for name, value in response.headers.items() if name not in _DERIVED}
    return Answer(response.status_code, headers, body)


def _request(client: httpx.AsyncClient, symbols: Symbols, call: Call) -> httpx.Request:
    operation = OPERATIONS[call.operation]
    path = _BASE + operation.path.format_map({"project_id": "@current", **symbols.fill(call.path)})
    headers: dict[str, str | None] = symbols.fill(call.headers)
    if call.key is not None:
        headers["Authorization"] = f"Bearer {KEYS[call.key]}" if call.key in KEYS else call.key
    content = None
    if call.text is not None:
        content = call.text.encode("utf-8", "surrogateescape")
    elif call.body != ABSENT:
        content = json.dumps(symbols.fill(call.body)).encode()
    if content is not None:
        headers = {"Content-Type": "application/json", **headers}
    query = [(name, value) for name, value in symbols.fill(call.query)]
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items() if value is not None}
    return client.build_request(
        call.method or operation.method.upper(), path, params=query, headers=sent, content=content
    )


def _content(response: httpx.Response) -> Any:
    if response.headers.get("content-type", "").endswith("json") and response.content:
        return response.json()
    return response.text


def _differences(mock: Any, production: Any, part: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(mock, dict) and isinstance(production, dict):
        for key in sorted({*mock, *production}):
            yield from _differences(mock.get(key, ABSENT), production.get(key, ABSENT), f"{part}/{key}".lstrip("/"))
    elif isinstance(mock, list) and isinstance(production, list) and len(mock) == len(production):
        for number, pair in enumerate(zip(mock, production, strict=True)):
            yield from _differences(*pair, f"{part}/{number}")
    elif type(mock) is not type(production) or mock != production:
        yield part, mock, production
