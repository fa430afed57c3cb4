from hypothesis import given
from hypothesis import strategies as st

from tests.mutants.catalog.every import FAULTS
from tests.mutants.record import Record
from tests.mutants.suites import SUITES
from tests.mutants.trial import Verdict

verdicts = st.builds(
    Verdict, st.sampled_from([suite.name for suite in SUITES]), st.booleans(), st.just(""), st.just(0.0)
)
notes = st.lists(st.tuples(st.sampled_from(FAULTS), st.lists(verdicts)))


@given(notes)
def test_a_record_that_was_written_is_read_again(tmp_path, said):
    record, page = Record(), tmp_path / "page.md"
    for fault, each in said:
        record.note(fault, each)

    record.write(FAULTS, page)

    again = Record.read(page)
    assert [again.catchers(fault) for fault in FAULTS] == [sorted_by_cost(record.catchers(fault)) for fault in FAULTS]


@given(notes)
def test_the_last_verdict_of_a_suite_counts(said):
    record, last = Record(), {}
    for fault, each in said:
        record.note(fault, each)
        last |= {(fault.id, verdict.suite): verdict.caught for verdict in each}

    assert {(fault.id, name) for fault in FAULTS for name in record.catchers(fault)} == {
        place for place, caught in last.items() if caught
    }


def test_what_was_not_run_stays_as_it_was():
    record, fault = Record(), FAULTS[0]
    record.note(fault, [Verdict("unit", True, "", 1.0)])

    record.note(fault, [Verdict("contract", False, "", 1.0)])

    assert record.catchers(fault) == ["unit"]


def sorted_by_cost(names):
    return [suite.name for suite in SUITES if suite.name in names]
