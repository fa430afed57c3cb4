"""The very same cases, generated once: sent to the mock in process and over HTTP, all answers checked."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import schemathesis

from benchmarks.contract.meter import Cost, Meter
from tests.contract.in_process import case_for, for_each_case, load_contract, world_of
from tests.contract.worlds import mock_app, serve_mock

Case = schemathesis.Case[Any]

_BASE = "/api/environments"


def generate(examples: int, seed: int) -> list[Case]:
    """So many cases of each operation."""
    cases: list[Case] = []
    for each in load_contract().get_all_operations():
        for_each_case(each.ok(), cases.append, examples=examples, seed=seed)
    return cases


def ours(cases: list[Case]) -> Cost:
    """By direct calls."""
    with TemporaryDirectory() as folder, world_of("mock", load_contract(), mock_app(Path(folder))) as world:
        meter = Meter()
        for case in cases:
            world.prove(case)
        return meter.cost_of(len(cases))


def stock(cases: list[Case]) -> Cost:
    """As Schemathesis sends them to a server, over connections that stay open."""
    contract = load_contract()
    with TemporaryDirectory() as folder, serve_mock(Path(folder)) as world, requests.Session() as session:
        meter = Meter()
        for case in cases:
            case_for(contract, case).call_and_validate(base_url=world.url + _BASE, session=session)
        return meter.cost_of(len(cases))
