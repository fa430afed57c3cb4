from uuid import uuid4

import pytest

from batch_exports.domain.activity import OPERATOR, Activity, ActivityKind
from batch_exports.domain.backfills import RunCounts
from handlers._shapes import activity_json, backfill_json, export_json, log_json, run_json
from tests.builders import NOW, make_backfill, make_export, make_log, make_run
from tests.spec.document import document

EXPORT = make_export()
RUN = make_run(EXPORT)
ACTIVITY = Activity(id=uuid4(), kind=ActivityKind.CREATED, created_at=NOW, actor=OPERATOR)
SHOWN = {
    "BatchExport": export_json(EXPORT, [RUN]),
    "Run": run_json(RUN),
    "Backfill": backfill_json(make_backfill(EXPORT), RunCounts(completed=1)),
    "LogEntry": log_json(make_log(RUN)),
    "Activity": activity_json(ACTIVITY),
}


@pytest.mark.parametrize("schema", SHOWN)
def test_what_is_shown_has_the_fields_of_its_schema_and_no_others(schema):
    assert set(SHOWN[schema]) == set(document()["components"]["schemas"][schema]["properties"])


def test_the_progress_of_a_backfill_counts_every_run_that_has_ended():
    shown = backfill_json(make_backfill(EXPORT, total_runs=4), RunCounts(completed=1, failed=1, cancelled=1, open=1))
    assert shown["progress"] == {"total_runs": 4, "finished_runs": 3, "progress": 0.75}
    assert (shown["completed_runs"], shown["failed_runs"]) == (1, 1)
