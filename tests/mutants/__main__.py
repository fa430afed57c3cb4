"""Seeds the faults one by one, and tells which suite catches each: `python -m tests.mutants`."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import click

from tests.mutants.catalog.every import FAULTS
from tests.mutants.fault import Fault
from tests.mutants.record import Record
from tests.mutants.suites import SUITES, Suite, ladder
from tests.mutants.tree import Tree, plant
from tests.mutants.trial import TrialBroken, Verdict, require_sound, try_fault

_BY_ID = {fault.id: fault for fault in FAULTS}


@click.command()
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(_BY_ID)),
    metavar="ID",
    help="Try this fault alone; may be repeated.",
)
@click.option(
    "--suites",
    multiple=True,
    type=click.Choice([suite.name for suite in SUITES]),
    help="Run this suite alone; may be repeated.",
)
@click.option("--black-box", is_flag=True, help="Leave out the suites that know the code.")
@click.option("--all-suites", is_flag=True, help="Run the other suites too when one has caught a fault.")
@click.option("--survivors", is_flag=True, help="Try the faults that no suite of the record catches.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="How many copies to work in at once."
)
@click.option("--seed", type=int, help="Take the faults in another order, drawn from this number.")
def main(
    only: Sequence[str],
    suites: tuple[str, ...],
    *,
    black_box: bool,
    all_suites: bool,
    survivors: bool,
    jobs: int,
    seed: int | None,
) -> None:
    """Seed faults in a copy of the project; exit with 1 if one survives."""
    record, chosen = Record.read(), ladder(suites, black_box=black_box)
    faults = [
        fault for fault in FAULTS if (fault.id in only or not only) and not (survivors and record.catchers(fault))
    ]
    if seed is not None:
        random.Random(seed).shuffle(faults)  # noqa: S311  # no cryptography
    survived = []
    with _trees(jobs) as trees:
        _check_baseline(trees[0], chosen, faults)
        for number, (fault, verdicts) in enumerate(_trials(trees, faults, chosen, all_suites=all_suites), 1):
            click.echo(f"{number}/{len(faults)} {_told(fault, verdicts)}")
            record.note(fault, verdicts)
            record.write(FAULTS)
            if not any(verdict.caught for verdict in verdicts):
                survived.append(fault.id)
    click.echo(f"\n{record.table(faults)}\n\n{len(faults) - len(survived)} of {len(faults)} faults caught.")
    if survived:
        raise click.ClickException(f"These faults survive: {', '.join(survived)}")


@contextmanager
def _trees(count: int) -> Iterator[list[Tree]]:
    with TemporaryDirectory(prefix="mutants-") as folder:
        places = [Path(folder, str(number)) for number in range(count)]
        for place in places:
            place.mkdir()
        yield [plant(place) for place in places]


def _check_baseline(tree: Tree, suites: Sequence[Suite], faults: Sequence[Fault]) -> None:
    try:
        for verdict in require_sound(tree, suites, faults):
            click.echo(f"without a fault, {verdict.suite} passes in {verdict.seconds:.0f} s")
    except TrialBroken as error:
        raise click.ClickException(str(error)) from None


def _trials(
    trees: Sequence[Tree], faults: Sequence[Fault], suites: Sequence[Suite], *, all_suites: bool
) -> Iterator[tuple[Fault, list[Verdict]]]:
    idle: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        idle.put(tree)

    def attempt(fault: Fault) -> tuple[Fault, list[Verdict]]:
        tree = idle.get()
        try:
            return fault, try_fault(tree, fault, suites, all_suites=all_suites)
        finally:
            idle.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        for done in as_completed([pool.submit(attempt, fault) for fault in faults]):
            yield done.result()


def _told(fault: Fault, verdicts: Sequence[Verdict]) -> str:
    caught = [f"{verdict.suite} ({verdict.by}, {verdict.seconds:.0f} s)" for verdict in verdicts if verdict.caught]
    if caught:
        return f"{fault.id}: caught by {', '.join(caught)}"
    tried = ", ".join(f"{verdict.suite} {verdict.by}".strip() for verdict in verdicts) or "no suite looks at it"
    return f"{fault.id}: SURVIVES ({tried})"


if __name__ == "__main__":
    main()
