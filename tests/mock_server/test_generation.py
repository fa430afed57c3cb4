"""Bodies that nobody wrote."""

from datetime import UTC, datetime, timedelta

import pytest

from batch_exports.contract.checks import Checks
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.generation import generate_body
from tests.mock_server.worlds import START

SPEC = load_spec()
OPERATIONS = {each.id: each for each in describe_operations(SPEC, HandlerResolver("handlers"))}
CHECKS = Checks(SPEC)
SEEDS = [str(number) for number in range(50)]


def many(operation_id):
    operation = OPERATIONS[operation_id]
    return [generate_body(operation, operation.success_status, seed, START) for seed in SEEDS]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_whatever_the_seed_a_body_keeps_to_the_contract(operation):
    for status in (status for status in operation.responses if status.startswith("2")):
        content = operation.responses[status].get("content", {}).get("application/json")
        for seed in SEEDS:
            body = generate_body(operation, int(status), seed, START)
            if content is None:
                assert body is None
            else:
                check = CHECKS.outgoing(content["schema"])
                assert check.is_valid(body), check.violation(body)


def test_the_same_seed_means_the_same_within_an_hour_and_another_one_something_else():
    operation = OPERATIONS["list_runs"]
    at = START.replace(minute=0)
    assert generate_body(operation, 200, "7", at) == generate_body(operation, 200, "7", at + timedelta(minutes=59))
    assert generate_body(operation, 200, "7", at) != generate_body(operation, 200, "8", at)


def test_what_happens_to_a_run_happens_in_order_and_near_the_time_of_the_world():
    for run in many("get_run"):
        times = [run[name] for name in ("data_interval_start", "data_interval_end", "created_at", "finished_at")]
        known = [datetime.fromisoformat(each) for each in times if each is not None]
        assert known == sorted(known)
        assert all(START - timedelta(days=4) < each <= START.astimezone(UTC) for each in known)


def test_the_parts_of_a_run_say_the_same():
    runs = many("get_run")
    for run in runs:
        assert run["status"] not in ("Starting", "Running") or run["finished_at"] is None
        assert run["status"].startswith("Failed") or run["latest_error"] is None
        counts = run["records_completed"], run["records_total_count"]
        assert None in counts or counts[0] <= counts[1]
    assert {run["latest_error"] is None for run in runs} == {True, False}


def test_the_runs_of_an_export_are_its_own():
    for export in many("get_export"):
        assert {run["batch_export"] for run in export["latest_runs"]} == {export["id"]}
