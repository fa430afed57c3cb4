"""Which rows a run reads."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.selections import selection_of
from tests.builders import NOW, make_destination, make_export, make_run

UUIDS = st.none() | st.uuids()


@given(UUIDS, UUIDS, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_a_retry_a_backfill_and_the_schedule_read_the_same_rows_of_an_interval(backfill, repeated, later):
    export = make_export()
    other = make_run(export, backfill_id=backfill, retry_of=repeated, created_at=NOW + later)
    assert selection_of(export, other) == selection_of(export, make_run(export))


def test_a_run_reads_its_own_interval_under_all_conditions_of_its_export():
    config = {"include_events": ["paid"], "exclude_events": None}
    filters = ({"type": "event", "key": "plan", "value": "pro"},)
    export = make_export(destination=make_destination(config=config), filters=filters)
    run = make_run(export)

    selection = selection_of(export, run)

    assert (selection.project_id, selection.model) == (export.project_id, export.model)
    assert (selection.start, selection.end) == (run.data_interval_start, run.data_interval_end)
    assert (selection.include_events, selection.exclude_events) == (("paid",), ())
    assert selection.filters == filters
