"""From scenarios to worlds: what they describe is checked against the contract before anything is served."""

from collections.abc import Coroutine, Iterator
from datetime import datetime
from typing import Any

from jsonschema_rs import Draft202012Validator

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import Spec
from batch_exports.domain.keys import Organization
from mock_server.clock import VirtualClock
from mock_server.documents import Document
from mock_server.faults.book import FaultBook
from mock_server.faults.effects import FaultRuleError
from mock_server.ids import SeededIds
from mock_server.library import Library
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryTransaction
from mock_server.memory.tables import Tables
from mock_server.progression import Progression
from mock_server.seeding.exports import ExportSeeder
from mock_server.seeding.rows import ROWS, RowSeeder
from mock_server.world import NO_WORLD_LIMITS, NOBODY_ELSE, World, WorldLimits


def scenario_names() -> list[str]:
    """The scenarios that come with the mock."""
    return Library().names


def read_scenario(name: str) -> Document:
    """One of the scenarios that come with the mock; raises UnknownScenarioError."""
    return Library().read(name)


def create_validator(spec: Spec) -> Draft202012Validator:
    """What the contract says of a request to create an export, of which a fixture may say nothing that is ignored."""
    reference = {"$ref": "#/components/schemas/BatchExportCreate"}
    known: dict[str, Any] = {name: {} for name in spec.resolve(reference)["properties"]}
    # Since when an export is paused is said beside its request.
    del known["paused"]
    only_known = {"properties": known, "additionalProperties": False}
    return Schemas(spec, Mode.REQUEST).validator({"allOf": [reference, only_known]})


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
    personas, faults = document.data.get("personas", NOBODY_ELSE), _faults(document, seed)
    progression = _progression(document)
    if progression is not None and "rows" in document.data:
        # Open runs have followed it already.
        tables.progression, progression = progression, None
    return World(clock, ids, tables, limits, personas, progression, faults)


def _progression(document: Document) -> Progression | None:
    if "progression" not in document.data:
        return None
    try:
        return Progression.of(document.data["progression"])
    except ValueError as error:
        raise document.error("/progression", str(error)) from None


def _faults(document: Document, seed: int) -> FaultBook:
    book = FaultBook(seed)
    for number, words in enumerate(document.data.get("faults", ())):
        try:
            book.add(words)
        except FaultRuleError as error:
            raise document.error(f"/faults/{number}", error.detail) from None
    return book


def _build_tables(document: Document, requests: Draft202012Validator, ids: SeededIds, now: datetime) -> Tables:
    for pointer in _exports(document):
        document.check(f"{pointer}/request", requests)
    tables = Tables()
    _run(_fill(MemoryTransaction(Session(tables, writable=True)), document, ids, now))
    return tables


async def _fill(tx: MemoryTransaction, document: Document, ids: SeededIds, now: datetime) -> None:
    organization = Organization(ids(), "Mock")
    await tx.access.add_organization(organization)
    for name in document.data["projects"]:
        await tx.access.add_project(name, organization.id)
    if "rows" in document.data:
        await RowSeeder(tx, document, ids, now).add()
        return
    seeder = ExportSeeder(tx, document, ids, now)
    for pointer in _exports(document):
        await seeder.add(pointer)


def _exports(document: Document) -> Iterator[str]:
    """Where the exports of a scenario stand."""
    around = ROWS if "rows" in document.data else ""
    for number in range(len(document.at(around)["exports"])):
        yield f"{around}/exports/{number}"


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Carry out work on memory repositories without an event loop: they never wait for anything."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("A memory repository waited for something.")
