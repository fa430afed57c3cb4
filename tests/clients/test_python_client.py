import compileall
import os
import subprocess
import sys

import pytest

from tests.clients.node import ROOT
from tests.spec.document import operations

GENERATE = ROOT / "clients" / "python" / "generate.py"
PROGRAM = ROOT / "tests" / "clients" / "python" / "program.py"


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The client as the one command writes it, generated once."""
    folder = tmp_path_factory.mktemp("client")
    finished = python(GENERATE, folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "arning" not in finished.stdout + finished.stderr
    return folder


def test_every_operation_has_a_module_by_its_tag_and_name(client):
    modules = {path.relative_to(client / "batch_exports_client" / "api") for path in client.rglob("api/*/*.py")}
    expected = {f"{each.node['tags'][0]}/{each.id}.py" for each in operations()}
    assert {str(path) for path in modules if path.name != "__init__.py"} == expected


def test_every_module_of_the_client_compiles(client):
    assert compileall.compile_dir(client, quiet=1)


def test_client_and_program_are_typed_and_the_types_bite(client):
    # By the rules and with the cache of the product's own code, which keep it quick.
    finished = python("-m", "mypy", PROGRAM, MYPYPATH=str(client))
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_a_typed_program_runs_on_both_worlds(client, served):
    finished = python("-W", "error", PROGRAM, PYTHONPATH=str(client), **served)
    assert finished.returncode == 0, finished.stderr


def test_a_contract_of_which_something_would_be_left_out_is_an_error(tmp_path):
    left_out = tmp_path / "left_out.yaml"
    mixed = "{schemas: {Mixed: {enum: [1, one]}}}"
    left_out.write_text(f"openapi: 3.0.3\ninfo: {{title: Odd, version: '1'}}\npaths: {{}}\ncomponents: {mixed}\n")
    finished = python(GENERATE, tmp_path / "client", "--contract", left_out)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "Mixed" in finished.stdout + finished.stderr
