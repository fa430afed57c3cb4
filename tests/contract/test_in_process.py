"""The same property in this process, where a failure has its traceback: each generated request to both applications."""

import os
from contextlib import ExitStack

import pytest

from tests.conftest import FIGURES
from tests.contract.conftest import MAKERS
from tests.contract.gate import DEEP
from tests.contract.in_process import for_each_case, load_contract, world_of
from tests.spec.document import implemented

QUICK = 25


@pytest.fixture(scope="module")
def contract():
    return load_contract()


@pytest.fixture(scope="module")
def worlds(contract, tmp_path_factory, pytestconfig):
    with ExitStack() as stack:
        made = {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}
        worlds = [stack.enter_context(world_of(name, contract, app)) for name, app in made.items()]
        yield worlds
    cases = sum(world.answers.total() for world in worlds)
    pytestconfig.stash[FIGURES].append(f"Contract in process: {cases} cases, sent to {' and '.join(made)}.")


@pytest.mark.parametrize("operation_id", [each.id for each in implemented()])
def test_answers_keep_the_contract(contract, worlds, operation_id):
    def prove(case):
        for world in worlds:
            world.prove(case)

    # They belong to neither world: most of the time goes into generating, and both get what was generated once.
    operation = contract.find_operation_by_id(operation_id)
    for_each_case(operation, prove, examples=int(os.environ.get(DEEP, QUICK)))
