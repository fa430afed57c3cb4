"""The same property in this process, where a failure has its traceback: each generated request to both applications."""

import os
from contextlib import ExitStack

import pytest
from hypothesis import settings

from tests.conftest import FIGURES
from tests.contract.conftest import MAKERS
from tests.contract.gate import DEEP
from tests.contract.in_process import load_contract, world_of

QUICK = 25


# It belongs to neither world: most of the time goes into generating, and both get what was generated once.
CONTRACT = load_contract()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, pytestconfig):
    with ExitStack() as stack:
        made = {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}
        worlds = [stack.enter_context(world_of(name, CONTRACT, app)) for name, app in made.items()]
        yield worlds
    cases = sum(world.answers.total() for world in worlds)
    pytestconfig.stash[FIGURES].append(f"Contract in process: {cases} cases, sent to {' and '.join(made)}.")


@CONTRACT.parametrize()
@settings(max_examples=int(os.environ.get(DEEP, QUICK)))
def test_answers_keep_the_contract(case, worlds):
    for world in worlds:
        world.prove(case)
