"""The record of which suite catches which fault, kept as a page of the documentation."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutants.fault import Fault
from tests.mutants.suites import SUITES
from tests.mutants.tree import PROJECT
from tests.mutants.trial import Verdict

PAGE = PROJECT / "docs" / "reference" / "mutants.md"

CAUGHT, MISSED, NOT_RUN = "caught", "missed", ""
_NAMES = tuple(suite.name for suite in SUITES)
_HEADER = ("fault", "what is wrong then", *_NAMES)
_CELLS = len(_HEADER)
_INTRODUCTION = """\
# Seeded faults, and what catches them

Written by `make mutants`, which seeds one fault at a time in a copy of the project and runs suites until one fails.
An empty cell was not run: a cheaper suite had caught the fault, or the suite looks at other files. `spec` and `unit`
know the code; `conformance`, `parity` and `contract` know no more than the contract, as consumers do.
"""

Cells = dict[str, str]


class Record:
    """What each suite made of each fault, as far as it was run."""

    def __init__(self, rows: dict[str, Cells] | None = None) -> None:
        self.rows = rows or {}

    @classmethod
    def read(cls, page: Path = PAGE) -> "Record":
        """The record of a page; an empty one if there is none."""
        lines = page.read_text().splitlines() if page.exists() else []
        split = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `"))
        return cls({cells[0].strip("`"): dict(zip(_NAMES, cells[2:], strict=True)) for cells in split})

    def note(self, fault: Fault, verdicts: Iterable[Verdict]) -> None:
        """Keep what suites said of a fault; what others said before stays."""
        cells = self.rows.setdefault(fault.id, {})
        cells |= {verdict.suite: CAUGHT if verdict.caught else MISSED for verdict in verdicts}

    def catchers(self, fault: Fault) -> list[str]:
        """The suites that are known to catch a fault."""
        return [name for name, cell in self.rows.get(fault.id, {}).items() if cell == CAUGHT]

    def survives(self, fault: Fault) -> bool:
        """Whether suites were asked about a fault, and none has caught it."""
        return MISSED in self.rows.get(fault.id, {}).values() and not self.catchers(fault)

    def table(self, faults: Sequence[Fault]) -> str:
        """The rows of these faults."""
        rows = [_row(f"`{fault.id}`", fault.breaks, self.rows.get(fault.id, {})) for fault in faults]
        return "\n".join([_line(_HEADER), _line(["---"] * _CELLS), *rows])

    def page(self, faults: Sequence[Fault]) -> str:
        """The whole page."""
        caught = sum(bool(self.catchers(fault)) for fault in faults)
        counts = (f"{name} {sum(name in self.catchers(fault) for fault in faults)}" for name in _NAMES)
        summary = f"{caught} of {len(faults)} faults are caught: {', '.join(counts)}."
        return f"{_INTRODUCTION}\n{summary}\n\n{self.table(faults)}\n"

    def write(self, faults: Sequence[Fault], page: Path = PAGE) -> None:
        """Renew the page; faults that are gone are left out."""
        page.write_text(self.page(faults))


def _row(name: str, breaks: str, cells: Cells) -> str:
    return _line([name, breaks.replace("|", "\\|"), *(cells.get(suite, NOT_RUN) for suite in _NAMES)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
