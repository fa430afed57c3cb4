"""Runs of a scenario: each with the counts, times and log that its status asks for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from mock_server.checks import refusal
from mock_server.durations import parse_duration
from mock_server.ids import SeededIds
from mock_server.memory.store import MemoryTransaction
from mock_server.plans import Plan, make_plan
from mock_server.simulator import enter

Json = dict[str, Any]
Line = tuple[datetime, LogLevel, str]

_REMAINING = {RunStatus.STARTING: "2s", RunStatus.RUNNING: "20s"}
_CANCELLED = "Cancelled."
_PASSING_FAULT = "The destination did not answer within 30 seconds."


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a run belongs: its interval, when it was made, and what made it."""

    start: datetime
    end: datetime
    created_at: datetime
    backfill_id: UUID | None = None
    retry_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class SeededRun:
    """A run with its log; an open one has a plan to go on with, and a time to do so."""

    run: Run
    logs: Sequence[LogEntry]
    plan: Plan
    next_look: datetime | None = None


def duration(text: str) -> timedelta:
    """The length of `15m`, or of `-15m`."""
    return parse_duration(text.removeprefix("-"))


def repeated(entries: Sequence[Json]) -> Iterator[tuple[int, Json]]:
    """Each entry as often as it says, with its number in the list."""
    for number, entry in enumerate(entries):
        for _ in range(entry.get("repeat", 1)):
            yield number, entry


def seed_run(export: Export, slot: Slot, entry: Json, ids: SeededIds, now: datetime) -> SeededRun:
    """The run of a slot as an entry describes it."""
    status = RunStatus(entry.get("status", RunStatus.COMPLETED))
    run = Run(
        id=UUID(entry["id"]) if "id" in entry else ids.at(slot.created_at),
        export_id=export.id,
        project_id=export.project_id,
        status=RunStatus.STARTING,
        data_interval_start=slot.start,
        data_interval_end=slot.end,
        created_at=slot.created_at,
        last_updated_at=slot.created_at,
        attempt=entry.get("attempt", 1),
        backfill_id=slot.backfill_id,
        retry_of=slot.retry_of,
    )
    plan = make_plan(export, run)
    if status in OPEN_STATUSES:
        return _open_run(run, plan, status, entry, now)
    ended = _ended_run(export, run, plan, status, entry)
    return SeededRun(ended, _logs(ended, plan, entry), plan)


async def add_run(tx: MemoryTransaction, seeded: SeededRun) -> None:
    """Keep a run and its log, and let an open one go on."""
    await tx.runs.add(seeded.run)
    await tx.logs.add(seeded.logs)
    if seeded.next_look is not None:
        enter(tx.connection, seeded.run.id, seeded.plan, seeded.next_look)


def _open_run(run: Run, plan: Plan, status: RunStatus, entry: Json, now: datetime) -> SeededRun:
    remaining = duration(entry.get("remaining", _REMAINING[status]))
    if status is RunStatus.STARTING:
        plan = replace(plan, begins_at=now + remaining, ends_at=now + remaining + (plan.ends_at - plan.begins_at))
        return SeededRun(run, (), plan, plan.begins_at)
    plan = replace(plan, begins_at=min(plan.begins_at, now), ends_at=now + remaining)
    share = plan.share(now)
    running = replace(
        run,
        status=status,
        last_updated_at=now,
        records_total_count=plan.rows,
        records_completed=int(plan.rows * share),
        bytes_exported=int(plan.size * share),
        latest_error=entry.get("latest_error"),
    )
    return SeededRun(running, _logs(running, plan, entry), plan, plan.next_look(now, now))


def _ended_run(export: Export, run: Run, plan: Plan, status: RunStatus, entry: Json) -> Run:
    completed = status is RunStatus.COMPLETED
    done = entry.get("done", 1.0 if completed else 0.0)
    error = entry.get("latest_error")
    if error is None and status is RunStatus.FAILED:
        error = refusal(export.destination.type, export.destination.config)
    counts: Json = {}
    if completed or done:
        counts = {
            "records_total_count": plan.rows,
            "records_completed": int(plan.rows * done),
            "bytes_exported": int(plan.size * done),
        }
    return replace(
        run, status=status, finished_at=plan.ends_at, last_updated_at=plan.ends_at, latest_error=error, **counts
    )


def _logs(run: Run, plan: Plan, entry: Json) -> list[LogEntry]:
    """What the run has said by itself, and the entries that the scenario adds, in the order of time."""
    lines = [] if entry.get("silent") else _usual_lines(run, plan)
    for extra in entry.get("logs", ()):
        at = run.created_at + duration(extra["after"])
        lines.append((at, LogLevel(extra.get("level", "INFO")), extra["message"]))
    lines.sort(key=lambda line: line[0])
    return [
        LogEntry(export_id=run.export_id, run_id=run.id, level=level, message=message, timestamp=at)
        for at, level, message in lines
    ]


def _usual_lines(run: Run, plan: Plan) -> list[Line]:
    lines: list[Line] = []
    if run.records_total_count is not None:
        lines.append((plan.begins_at, LogLevel.INFO, f"Started: {run.records_total_count} rows to export."))
    for attempt in range(1, run.attempt):
        at = plan.begins_at + (plan.ends_at - plan.begins_at) * attempt / (run.attempt + 1)
        lines.append((at, LogLevel.WARNING, f"Attempt {attempt} failed: {run.latest_error or _PASSING_FAULT}"))
    return lines if run.finished_at is None else lines + _last_lines(run, run.finished_at)


def _last_lines(run: Run, at: datetime) -> list[Line]:
    if run.status is RunStatus.COMPLETED:
        text = f"Completed: {run.records_completed} rows, {run.bytes_exported} bytes, 1 files."
        return [(at, LogLevel.INFO, text)]
    if run.status is RunStatus.CANCELLED:
        return [(at, LogLevel.WARNING, _CANCELLED)]
    return [] if run.latest_error is None else [(at, LogLevel.ERROR, run.latest_error)]
