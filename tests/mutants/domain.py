"""Mutates the rules of the domain by rote, with cosmic-ray: `python -m tests.mutants.domain [MODULE]...`."""

import json
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

from tests.mutants.suites import WITHOUT_SCHEMATHESIS
from tests.mutants.tree import PROJECT, Tree, plant
from tests.mutants.trial import OPTIONS

PAGE = PROJECT / "docs" / "reference" / "mutants-domain.md"

_TESTS = PROJECT / "tests" / "domain"
MODULES = tuple(
    path.stem
    for path in sorted((PROJECT / "batch_exports" / "domain").glob("*.py"))
    if (_TESTS / f"test_{path.stem}.py").exists()
)
"""The modules that have tests of their own."""

_SECONDS = 60
# Of an arithmetic operator only the opposite: any test notices that a sum has become a shift. The bars of annotations
# are operators to the tool.
_LEFT_OUT = r"core/ReplaceBinaryOperator_(?!Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul)"
_SCRIPTS = Path(sysconfig.get_path("scripts"))
_INTRODUCTION = """\
# Mutations of the domain

Written by `make mutants-domain`, which edits `batch_exports/domain` by rote, comparison by comparison and number by
number, and runs the tests of the module. What is left has been looked at: it changes nothing that can be seen.

| module | mutations | caught | left |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Score:
    """How many mutations of a module its tests noticed, and those that they did not."""

    module: str
    mutations: int
    left: tuple[str, ...]

    @property
    def row(self) -> str:
        """The score as a row of the page."""
        return f"| `{self.module}` | {self.mutations} | {self.mutations - len(self.left)} | {len(self.left)} |"


@click.command()
@click.argument("modules", nargs=-1, type=click.Choice(MODULES))
def main(modules: Sequence[str]) -> None:
    """Mutate modules (all by default); exit with 1 if more mutations are left than the page says."""
    known = _rows()
    worse = []
    with TemporaryDirectory(prefix="mutants-") as folder:
        tree = plant(Path(folder))
        for module in modules or MODULES:
            score = mutate(tree, module)
            click.echo("\n".join([*score.left, score.row]))
            if module in known and len(score.left) > _left(known[module]):
                worse.append(module)
            known[module] = score.row
            PAGE.write_text(_INTRODUCTION + "\n".join(known[name] for name in sorted(known)) + "\n")
    if worse:
        raise click.ClickException(f"More mutations are left than before: {', '.join(worse)}")


def mutate(tree: Tree, module: str) -> Score:
    """Try all mutations of a module of the tree."""
    session = str(tree.root / f"{module}.sqlite")
    config = tree.root / f"{module}.toml"
    config.write_text(_config(module))
    _run(tree, "cosmic-ray", "init", str(config), session)
    _run(tree, "cr-filter-operators", session, str(config))
    _run(tree, "cosmic-ray", "exec", str(config), session)
    with use_db(session, WorkDB.Mode.open) as work:
        results = [result for _, result in work.results if result.test_outcome is not None]
    left = (result.diff or "" for result in results if result.test_outcome is TestOutcome.SURVIVED)
    return Score(module, len(results), tuple(left))


def _config(module: str) -> str:
    tests = shlex.join(
        [sys.executable, "-m", "pytest", *OPTIONS, *WITHOUT_SCHEMATHESIS, f"tests/domain/test_{module}.py"]
    )
    return f"""
[cosmic-ray]
module-path = {json.dumps(f"batch_exports/domain/{module}.py")}
timeout = {_SECONDS}
excluded-modules = []
test-command = {json.dumps(tests)}
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = [{json.dumps(_LEFT_OUT)}]
"""


def _run(tree: Tree, *command: str) -> None:
    subprocess.run([_SCRIPTS / command[0], *command[1:]], cwd=tree.root, env=tree.environment, check=True)


def _rows(page: Path = PAGE) -> dict[str, str]:
    lines = page.read_text().splitlines() if page.exists() else []
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def _left(row: str) -> int:
    return int(row.split("|")[-2])


if __name__ == "__main__":
    main()
