"""Checks scenarios as the start of a mock does, without serving them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jsonschema_rs import Draft202012Validator

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.clock import VirtualClock
from mock_server.documents import Document, FixtureError
from mock_server.faults.effects import FaultRuleError
from mock_server.faults.reach import require_reach
from mock_server.library import Library, UnknownScenarioError
from mock_server.operations import Operations
from mock_server.scenarios import build_world, create_validator
from mock_server.world import World


@dataclass(frozen=True, slots=True)
class ScenarioCheck:
    """Whether a scenario can be used."""

    text: str
    problem: Exception | None = None


def check_scenario(document: Document, requests: Draft202012Validator, operations: Operations) -> World:
    """The world that a scenario describes; raises FixtureError if there is anything wrong with it."""
    world = build_world(document, requests, VirtualClock(), seed=0)
    for number, rule in enumerate(world.faults):
        try:
            require_reach(rule, operations)
        except FaultRuleError as error:
            pointer = f"/faults/{number}/{error.attr.replace('__', '/')}"
            raise document.error(pointer, error.detail) from None
    return world


def check_fixtures(paths: Sequence[Path]) -> Iterator[ScenarioCheck]:
    """Check the scenarios in files and folders, and those that come with the mock, one by one."""
    spec = load_spec()
    requests = create_validator(spec)
    operations = Operations(describe_operations(spec, HandlerResolver("handlers")))
    library = Library(paths)
    try:
        names = {*library.names, *library.files()}
    except FixtureError as error:
        yield ScenarioCheck(str(error), error)
        return
    for name in sorted(names):
        yield _check(name, library, requests, operations)


def _check(name: str, library: Library, requests: Draft202012Validator, operations: Operations) -> ScenarioCheck:
    try:
        tables = check_scenario(library.read_anew(name), requests, operations).store.tables
    except (FixtureError, UnknownScenarioError) as error:
        return ScenarioCheck(str(error), error)
    return ScenarioCheck(
        f"{name}: {len(tables.exports)} exports, {len(tables.runs)} runs, {len(tables.backfills)} backfills"
    )
