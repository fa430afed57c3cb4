"""Actions take no body, an empty one, or the whole object that clients of the compatible API send along."""

import pytest

from batch_exports.domain.runs import RunStatus
from tests.rules.worlds import NOBODY, RulesWorld, new_export

RUN = {"id": NOBODY, "status": "Completed", "data_interval_end": "2026-01-01T00:00:00Z", "batch_export": NOBODY}
any_body = pytest.mark.parametrize(
    "body", [None, {}, RUN, new_export(paused=False)], ids=["no", "empty", "run", "export"]
)


@any_body
def test_an_export_is_paused_and_goes_on(api: RulesWorld, body):
    export = api.export()
    assert api.post(f"{export}/pause/", body) == {"paused": True}
    assert api.get(f"{export}/")["paused"] is True
    assert api.post(f"{export}/unpause/", body) == {"paused": False, "backfill_id": None}
    assert api.get(f"{export}/")["paused"] is False


@any_body
def test_a_run_is_repeated(api: RulesWorld, body):
    export = api.export()
    run = api.run(export, status=RunStatus.FAILED)
    made = api.post(f"{run}/retry/", body)
    assert api.get(f"{export}/runs/{made['run_id']}/")["retry_of"] == run.rpartition("/")[2]


@any_body
def test_a_backfill_is_cancelled(api: RulesWorld, body):
    backfill = api.backfill(api.export())
    assert api.post(f"{backfill}/cancel/", body) == {"cancelled": True, "status": "Cancelled"}
