"""Scenarios: named states of the world, read from fixture files and checked before anything is served."""

from collections.abc import Coroutine
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import Spec
from batch_exports.domain.keys import Organization
from mock_server.clock import VirtualClock
from mock_server.documents import Document, read_document
from mock_server.ids import SeededIds
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryTransaction
from mock_server.memory.tables import Tables
from mock_server.seeding.exports import ExportSeeder
from mock_server.world import NO_WORLD_LIMITS, NOBODY_ELSE, World, WorldLimits

_HERE = Path(str(files("mock_server")))
FIXTURES = _HERE / "fixtures"


class UnknownScenarioError(Exception):
    """No scenario has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no scenario '{name}'. The scenarios are: {', '.join(scenario_names())}.")


def scenario_names() -> list[str]:
    """The scenarios that come with the mock."""
    return sorted(path.stem for path in FIXTURES.glob("*.yaml"))


def describe_scenarios() -> dict[str, str]:
    """What each scenario is, by name."""
    return {name: read_document(FIXTURES / f"{name}.yaml").data["description"] for name in scenario_names()}


def read_scenario(name: str) -> Document:
    """The fixture file of a scenario, its form checked; raises UnknownScenarioError or FixtureError."""
    if name not in scenario_names():
        raise UnknownScenarioError(name)
    document = read_document(FIXTURES / f"{name}.yaml")
    check_form(document)
    return document


def check_form(document: Document) -> None:
    """Raise FixtureError unless a document has the form of a scenario."""
    schema = yaml.safe_load((_HERE / "scenario_schema.yaml").read_text(encoding="utf-8"))
    document.check("", Draft202012Validator(schema))


def create_validator(spec: Spec) -> Draft202012Validator:
    """What the contract says of a request to create an export."""
    return Schemas(spec, Mode.REQUEST).validator({"$ref": "#/components/schemas/BatchExportCreate"})


def build_world(
    document: Document,
    requests: Draft202012Validator,
    clock: VirtualClock,
    seed: int,
    limits: WorldLimits = NO_WORLD_LIMITS,
) -> World:
    """The world that a scenario describes, as of the clock's time; raises FixtureError.

    `requests` validates what each export says that it was created with.
    """
    ids = SeededIds(clock, seed)
    tables = _build_tables(document, requests, ids, clock.now())
    return World(clock, ids, tables, limits, document.data.get("personas", NOBODY_ELSE))


def _build_tables(document: Document, requests: Draft202012Validator, ids: SeededIds, now: datetime) -> Tables:
    for number in range(len(document.data["exports"])):
        document.check(f"/exports/{number}/request", requests)
    tables = Tables()
    _run(_fill(MemoryTransaction(Session(tables, writable=True)), document, ids, now))
    return tables


async def _fill(tx: MemoryTransaction, document: Document, ids: SeededIds, now: datetime) -> None:
    organization = Organization(ids(), "Mock")
    await tx.access.add_organization(organization)
    for name in document.data["projects"]:
        await tx.access.add_project(name, organization.id)
    seeder = ExportSeeder(tx, document, ids, now)
    for number in range(len(document.data["exports"])):
        await seeder.add(f"/exports/{number}")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Carry out work on memory repositories without an event loop: they never wait for anything."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("A memory repository waited for something.")
