import re

import pytest

from tests.clients.node import MODULES, ROOT, node, said

TSC = MODULES / "typescript" / "bin" / "tsc"
HELPERS = ["fetch/calls.ts", "fetch/world.ts", "playwright/mock.ts", "cypress/commands.ts", "pytest/mock_world.py",
           "pytest/pytest_mock_world.py"]  # fmt: skip
GENERATOR = [MODULES / "openapi-typescript" / "bin" / "cli.js", "--root-types", "--root-types-no-schema-prefix",
             "--default-non-nullable", "false"]  # fmt: skip


def generate(folder, *options):
    return node(*GENERATOR, "--redocly", folder / "openapi-typescript.yaml", *options, cwd=folder)


def test_the_types_are_those_of_the_contract_and_of_the_control_api():
    finished = generate(ROOT / "clients", "--check")
    assert finished.returncode == 0, said(finished)


def test_types_that_are_not_those_of_the_document_are_noticed(tmp_path):
    document = (ROOT / "mock_server" / "control" / "control.yaml").read_text()
    (tmp_path / "control.yaml").write_text(document)
    (tmp_path / "openapi-typescript.yaml").write_text(
        "apis: {control: {root: control.yaml, x-openapi-ts: {output: control.ts}}}\n"
    )
    assert generate(tmp_path).returncode == 0
    assert generate(tmp_path, "--check").returncode == 0
    (tmp_path / "control.yaml").write_text(document.replace("Terminated, TimedOut", "Terminated", 1))
    assert generate(tmp_path, "--check").returncode != 0


def test_the_script_that_renews_the_types_makes_the_same():
    scripts = (ROOT / "package.json").read_text()
    assert " ".join(map(str, GENERATOR[1:])) in scripts


@pytest.mark.parametrize("project", ["clients", "clients/cypress"])
def test_everything_in_typescript_compiles_under_strict_rules(project):
    finished = node(TSC, "--strict", "--noEmit", "-p", project)
    assert (finished.returncode, finished.stdout) == (0, ""), said(finished)


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ('world.scenario("empty", { sed: 1 })', "sed"),
        ('world.step("x", "Finished")', "Finished"),
        ("world.fault({ do: { status: true } })", "boolean"),
        ('world.progression("clock", { polls: "3" })', "string"),
        ("(await world.clock()).hour", "hour"),
    ],
)
def test_what_the_control_api_does_not_know_does_not_compile(tmp_path, wrong, because):
    lines = [f'import {{ openWorld }} from "{ROOT}/clients/fetch/world.ts";', 'const world = openWorld("", "");', wrong]
    (tmp_path / "wrong.ts").write_text("\n".join(lines))
    (tmp_path / "tsconfig.json").write_text(
        f'{{"extends": "{ROOT}/clients/tsconfig.json", "compilerOptions": {{"types": []}}, "include": ["wrong.ts"]}}'
    )
    finished = node(TSC, "-p", tmp_path)
    assert finished.returncode != 0
    errors = re.findall(r"^(\S+?)\((\d+),\d+\): error TS\d+: (.*)$", finished.stdout, re.MULTILINE)
    assert errors, said(finished)
    assert {int(line) for _, line, _ in errors} == {3}, said(finished)
    assert because in finished.stdout


@pytest.mark.parametrize("name", HELPERS)
def test_each_client_has_less_than_100_lines(name):
    assert len((ROOT / "clients" / name).read_text().splitlines()) < 100
