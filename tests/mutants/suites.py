"""The suites that a fault has to pass, cheapest first."""

from dataclasses import dataclass
from pathlib import Path

from tests.mutants.fault import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Tests that are run together."""

    name: str
    seconds: float
    """How long they may take."""
    paths: tuple[str, ...] = ()
    """Where they are; none for those that mirror the edited code."""
    is_black_box: bool = True
    """Whether they know no more than the contract, as those who depend on the service."""
    judges: tuple[str, ...] = ("",)
    """What the files begin with that they look at."""
    options: tuple[str, ...] = ()
    """What pytest is told besides."""

    def paths_for(self, fault: Fault, root: Path) -> tuple[str, ...]:
        """The tests that may catch a fault; none if the suite looks elsewhere, or is not there."""
        if not fault.file.startswith(self.judges):
            return ()
        return tuple(path for path in self.paths or fault.unit if (root / path).exists())


# The plugin takes longer to load than most of the other tests run.
WITHOUT_SCHEMATHESIS = ("-p", "no:schemathesis")

SUITES = (
    # Any change of the document that no version announces would be caught, whatever it is.
    Suite(
        name="spec",
        seconds=120,
        paths=("tests/spec",),
        is_black_box=False,
        judges=("openapi/",),
        options=("--ignore=tests/spec/test_releases.py",),
    ),
    Suite(name="unit", seconds=240, is_black_box=False, options=WITHOUT_SCHEMATHESIS),
    Suite(name="conformance", seconds=300, paths=("tests/conformance",)),
    Suite(name="parity", seconds=300, paths=("tests/parity",)),
    Suite(name="contract", seconds=600, paths=("tests/contract",)),
)


def ladder(names: tuple[str, ...], *, black_box: bool) -> tuple[Suite, ...]:
    """The suites of these names, or all; of them those that are black boxes, if asked."""
    chosen = (suite for suite in SUITES if not names or suite.name in names)
    return tuple(suite for suite in chosen if suite.is_black_box or not black_box)
