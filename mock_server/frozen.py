"""What a scenario answers to reads, asked of a mock in this process."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from mock_server.app import Options, create_app
from mock_server.library import Library
from mock_server.personas import KEYS
from mock_server.templates import Origin

NOWHERE = "http://mock.invalid"
"""The origin that recorded answers name."""

_PROJECT = "1"
_SERVER = f"{NOWHERE}/api/projects"
_ABSENT = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class FrozenScenario:
    """Answers by path and query, as they follow the server's address, and what is answered where there is nothing."""

    answers: Mapping[str, Any]
    absent: Any


async def freeze_scenario(
    scenario: str, library: Library, now: datetime, templates: Collection[str], pages: int
) -> FrozenScenario:
    """Ask for all that the paths of the contract, `templates`, lead to; no more than so many `pages` of a list.

    Raises UnknownScenarioError or FixtureError.
    """
    # Strict: the faults of a scenario are not what its data looks like.
    app = create_app(Origin(scenario, now=now), Options(strict=True), library=library)
    headers = {"Authorization": f"Bearer {KEYS['admin']}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=_SERVER, headers=headers) as client:
        absent = (await client.get(f"/{_PROJECT}/batch_exports/{_ABSENT}/")).json()
        return FrozenScenario(await _walk(client, templates, pages), absent)


async def _walk(client: httpx.AsyncClient, templates: Collection[str], pages: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    items: dict[str, list[str]] = {}
    # A list comes before what is in it.
    for template in sorted(templates, key=lambda template: template.count("/")):
        for path in _concrete(template, items):
            items[path] = []
            async for address, body in _pages(client, path, pages):
                answers[address] = body
                items[path] += [each["id"] for each in body.get("results", ()) if "id" in each]
    return answers


def _concrete(template: str, items: Mapping[str, list[str]]) -> list[str]:
    """The paths of a template whose parameters are what the lists before them hold."""
    paths = ["/"]
    for segment in template.strip("/").split("/"):
        if segment == "{project_id}":
            paths = [f"{path}{_PROJECT}/" for path in paths]
        elif segment.startswith("{"):
            paths = [f"{path}{item}/" for path in paths for item in items.get(path, ())]
        else:
            paths = [f"{path}{segment}/" for path in paths]
    return paths


async def _pages(client: httpx.AsyncClient, path: str, most: int) -> AsyncIterator[tuple[str, Any]]:
    address: str | None = path
    for number in range(1, most + 1):
        if address is None:
            return
        answer = await client.get(address)
        body = json.loads(answer.raise_for_status().text.replace(_SERVER, NOWHERE))
        following = body.get("next")
        if number == most and following is not None:
            body["next"] = None
        yield address, body
        address = None if following is None else following.removeprefix(NOWHERE)
