"""Every seeded fault, by area."""

from tests.mutants.catalog import answers, changes, edge, lists, mock, runs, schedules, spec, tenants
from tests.mutants.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *spec.FAULTS,
    *answers.FAULTS,
    *lists.FAULTS,
    *changes.FAULTS,
    *tenants.FAULTS,
    *runs.FAULTS,
    *schedules.FAULTS,
    *edge.FAULTS,
    *mock.FAULTS,
)
