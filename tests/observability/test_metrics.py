import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from batch_exports.domain.backlog import Backlog
from batch_exports.domain.runs import RunStatus
from batch_exports.observability.metrics import ENDS, KINDS, Metrics, kind_of
from tests.builders import NOW, make_export, make_run

EXPORT = make_export()
RUNS = st.builds(
    lambda kind, status, seconds, rows, size: make_run(
        EXPORT,
        status=status,
        finished_at=NOW + timedelta(seconds=seconds),
        records_completed=rows,
        bytes_exported=size,
        backfill_id=None if kind == "scheduled" else uuid4(),
        retry_of=uuid4() if kind == "retry" else None,
    ),
    kind=st.sampled_from(KINDS),
    status=st.sampled_from(ENDS),
    seconds=st.integers(0, 100_000),
    rows=st.none() | st.integers(0, 10**9),
    size=st.none() | st.integers(0, 10**12),
)


def samples(metrics, backlog=None):
    """What Prometheus reads: values by name and labels."""
    families = text_string_to_metric_families(metrics.exposition(backlog).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(found, name, **labels):
    return found[f"batch_exports_{name}", tuple(sorted(labels.items()))]


@given(st.lists(RUNS))
def test_runs_are_counted_by_kind_and_end_and_only_completed_ones_by_what_they_wrote(runs):
    metrics = Metrics()
    for run in runs:
        metrics.runs.started(run)
        metrics.runs.ended(run)
    found = samples(metrics)
    started = Counter(map(kind_of, runs))
    ended = Counter((kind_of(run), run.status) for run in runs)
    completed = [run for run in runs if run.status is RunStatus.COMPLETED]
    for kind in KINDS:
        assert value(found, "runs_started_total", kind=kind) == started[kind]
        for status in ENDS:
            assert value(found, "runs_finished_total", kind=kind, status=status.value) == ended[kind, status]
    assert value(found, "rows_exported_total") == sum(run.records_completed or 0 for run in completed)
    assert value(found, "bytes_exported_total") == sum(run.bytes_exported or 0 for run in completed)
    for status in {run.status for run in runs}:
        seconds = sum((run.finished_at - run.created_at).total_seconds() for run in runs if run.status is status)
        assert value(found, "run_duration_seconds_sum", status=status.value) == seconds


@given(
    st.lists(st.tuples(st.sampled_from(["list_exports", ""]), st.text("GETPOSX", min_size=1), st.integers(200, 599)))
)
def test_requests_are_counted_under_labels_that_no_caller_invents(requests):
    metrics = Metrics()
    for operation, method, status in requests:
        metrics.requests.began()
        metrics.requests.ended(operation, method, status, 0.02)
    found = samples(metrics)
    counted = {dict(labels)["method"] for name, labels in found if name == "batch_exports_requests_total"}
    assert counted <= {"GET", "POST", "other"}
    assert sum(found[key] for key in found if key[0] == "batch_exports_requests_total") == len(requests)
    assert value(found, "requests_in_flight") == 0


def test_requests_that_are_being_answered_show():
    metrics = Metrics()
    metrics.requests.began()
    metrics.requests.began()
    metrics.requests.throttled()
    found = samples(metrics)
    assert (value(found, "requests_in_flight"), value(found, "requests_throttled_total")) == (2, 1)


def test_the_backlog_is_told_as_the_database_has_it():
    backlog = Backlog({RunStatus.RUNNING: 2, RunStatus.STARTING: 5}, 3, timedelta(minutes=2))
    found = samples(Metrics(), backlog)
    assert value(found, "database_up") == 1
    assert value(found, "open_runs", status="Running") == 2
    assert value(found, "open_runs", status="Starting") == 5
    assert value(found, "open_backfills") == 3
    assert value(found, "schedule_lag_seconds") == 120


@pytest.mark.parametrize("name", ["open_runs", "open_backfills", "schedule_lag_seconds"])
def test_of_a_database_that_is_away_nothing_is_told_but_that(name):
    found = samples(Metrics(), None)
    assert value(found, "database_up") == 0
    assert not any(f"batch_exports_{name}" == each for each, _ in found)


def test_two_processes_of_one_program_share_no_registry():
    one, other = Metrics(), Metrics()
    one.requests.throttled()
    assert value(samples(other), "requests_throttled_total") == 0


def exposed():
    """Each metric that is ever exposed, and its labels."""
    metrics = Metrics()
    metrics.requests.began()
    metrics.requests.ended("list_exports", "GET", 200, 0.1)
    metrics.runs.ended(make_run(EXPORT, status=RunStatus.COMPLETED, finished_at=NOW))
    text = metrics.exposition(Backlog({RunStatus.RUNNING: 1}, 0, timedelta())).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels if label != "le"}
        if not name.startswith("process_") and not name.endswith("_created"):
            found[name] = labels
    return found


def test_the_guide_names_every_metric_with_its_labels_and_no_other():
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "operator.md").read_text()
    rows = re.findall(r"^\| `(batch_exports_\w+)` \|([^|]*)\|", guide, re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == exposed()
