"""Steps that make, look at, cancel and retry runs and backfills, which may go on by themselves meanwhile."""

from collections.abc import Mapping
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from batch_exports.conformance.model.documents import Json, check_equal
from batch_exports.conformance.model.exchange import Answer
from batch_exports.conformance.model.inputs import ranges
from batch_exports.conformance.model.intervals import Interval, whole_intervals
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.known_export import KnownExport
from batch_exports.conformance.model.known_work import KnownBackfill, has_ended
from batch_exports.conformance.model.program import INDEXES, OWNERS, Program
from batch_exports.conformance.model.steps import step
from batch_exports.conformance.model.transcript import require

MOST_OPEN_BACKFILLS = 4
"""So many of a tenant at most are made to go on at once: services limit them."""

_MADE, _REFUSED, _IN_PROGRESS = 201, 400, 409
_PATHS = st.sampled_from([("backfills/", _MADE), ("backfills/", _MADE), ("backfill/", 200)])


class WorkRules(Program):
    """What happens to runs and backfills."""

    @initialize(data=st.data())
    def begin_work(self, data: st.DataObject) -> None:
        """Make a run that is cancelled and one that may go on."""
        export = self.tenants[Role.MAIN].pick_harmless(0)
        if export is not None:
            for _ in range(2):
                self._backfill(Role.MAIN, export, ranges(data.draw, export))
            self._cancel_run(Role.MAIN, export, 0)

    @step(role=OWNERS, index=INDEXES, path=_PATHS, once=st.booleans(), data=st.data())
    def backfill(self, role: Role, index: int, path: tuple[str, int], once: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn by name
        """A backfill, refused only while one of the same range goes on."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is not None:
            self._make_room(role)
            self._backfill(role, export, ranges(data.draw, export), path, once=once)

    def _backfill(
        self,
        role: Role,
        export: KnownExport,
        bounds: tuple[str, str],
        path: tuple[str, int] = ("backfills/", _MADE),
        *,
        once: bool = False,
    ) -> None:
        start, end = bounds
        intervals = whole_intervals(export.settings, start, end)
        twins = [
            each for each in export.open_backfills() if each.intervals and _range(each.intervals) == _range(intervals)
        ]
        last, status = path
        body = {"start_at": start, "end_at": end}
        answer = self._make_work(role, export.path + last, body, once=once, status=status, may_wait=bool(twins))
        self._check_twins(role, export, twins, answer)
        if answer.status != _IN_PROGRESS:
            made = KnownBackfill(answer.body["backfill_id"], intervals, export.schedules)
            export.changes.append("backfill_created")
            self._see_new(role, export, made)
            if status == _MADE:
                _check_location(answer, f"{export.path}backfills/{made.id}/")

    @step(role=OWNERS, index=INDEXES, part=INDEXES)
    def cancel_backfill(self, role: Role, index: int, part: int) -> None:
        """Cancelling a backfill, which works only before its end, and cancels its runs."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is not None and export.backfills:
            known = list(export.backfills.values())[part % len(export.backfills)]
            self._cancel_backfill(role, export, known)

    @step(role=OWNERS, index=INDEXES, part=INDEXES)
    def cancel_run(self, role: Role, index: int, part: int) -> None:
        """Cancelling a run, which works only before its end."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is not None and export.runs:
            self._cancel_run(role, export, part)

    def _cancel_run(self, role: Role, export: KnownExport, part: int) -> None:
        run_id = self._run_of(export, part)
        path = f"{export.path}runs/{run_id}/"
        was_over = has_ended(export.runs[run_id])
        answer = self.exchange.ask(role, "POST", f"{path}cancel/", status=_REFUSED if was_over else (200, _REFUSED))
        run = export.see_run(self.exchange.look(role, path))
        require(
            has_ended(run), f"Run {run_id} is {run['status']} after the answer {answer.status} to its cancellation."
        )
        if answer.status != _REFUSED:
            check_equal("the answer", {"cancelled": True, "status": "Cancelled"}, answer.body)
            check_equal(f"run {run_id}", {"status": "Cancelled"}, run)
            export.changes.append("run_cancelled")
        self.see_runs(role, export)

    @step(role=OWNERS, index=INDEXES, part=INDEXES, once=st.booleans())
    def retry_run(self, role: Role, index: int, part: int, once: bool) -> None:  # noqa: FBT001 - drawn by name
        """A retry, refused only while a run of the same interval goes on."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is None or not export.runs:
            return
        self._make_room(role)
        run = export.runs[self._run_of(export, part)]
        twins = [each for each in export.runs.values() if _interval(each) == _interval(run) and not has_ended(each)]
        path = f"{export.path}runs/{run['id']}/"
        answer = self._make_work(role, f"{path}retry/", None, once=once, status=_MADE, may_wait=bool(twins))
        if answer.status == _IN_PROGRESS:
            return
        for twin in twins:
            seen = export.see_run(self.exchange.look(role, f"{export.path}runs/{twin['id']}/"))
            require(has_ended(seen), f"Run {run['id']} was retried while run {twin['id']} of its interval went on.")
        run = export.see_run(self.exchange.look(role, path))
        made = KnownBackfill(answer.body["backfill_id"], [_interval(run)], export.schedules, retry_of=run["id"])
        export.changes.append("run_retried")
        self._see_new(role, export, made)
        new_id = answer.body["run_id"]
        _check_location(answer, f"{export.path}runs/{new_id}/")
        check_equal(f"run {new_id}", {"backfill": made.id, "retry_of": run["id"]}, export.runs.get(new_id, {}))

    def _make_work(
        self, role: Role, path: str, body: Json | None, *, once: bool, status: int, may_wait: bool
    ) -> Answer:
        """The answer to a request for a backfill or a retry; one with an idempotency key is sent again."""
        headers = {"Idempotency-Key": self.exchange.new_id()} if once else {}
        answer = self.exchange.ask(
            role, "POST", path, body, headers, status=(status, _IN_PROGRESS) if may_wait else status
        )
        if once and answer.status == status:
            again = self.exchange.ask(role, "POST", path, body, headers, status=status)
            check_equal("the repeated answer", answer.body, again.body)
            replayed = again.headers.get("Idempotent-Replayed")
            require(replayed == "true", f"Idempotent-Replayed is {replayed!r}; it must be 'true'.")
        return answer

    def _check_twins(self, role: Role, export: KnownExport, twins: list[KnownBackfill], answer: Answer) -> None:
        for twin in twins if answer.status != _IN_PROGRESS else ():
            seen = self.see_backfill(role, export, twin.id)
            require(seen.is_over, f"A backfill was made while backfill {twin.id} of the same range went on.")

    def _see_new(self, role: Role, export: KnownExport, made: KnownBackfill) -> None:
        """Take in a new backfill; it has made a run."""
        require(made.id not in export.backfills, f"The new backfill has the id of another, {made.id}.")
        self.transcript.name("backfill", made.id)
        export.backfills[made.id] = made
        self.see_backfill(role, export, made.id)
        self.see_runs(role, export)
        runs = [run for run in export.runs.values() if run["backfill"] == made.id]
        require(runs, f"Backfill {made.id} has made no run.")

    def _cancel_backfill(self, role: Role, export: KnownExport, known: KnownBackfill) -> None:
        path = f"{export.path}backfills/{known.id}/cancel/"
        answer = self.exchange.ask(role, "POST", path, status=_REFUSED if known.is_over else (200, _REFUSED))
        self.see_backfill(role, export, known.id)
        require(known.is_over, f"Backfill {known.id} goes on after the answer {answer.status} to its cancellation.")
        if answer.status != _REFUSED:
            check_equal("the answer", {"cancelled": True, "status": "Cancelled"}, answer.body)
            check_equal(f"backfill {known.id}", {"status": "Cancelled"}, known.document)
            export.changes.append("backfill_cancelled")
        self.see_runs(role, export)
        going_on = [each for each in export.runs.values() if each["backfill"] == known.id and not has_ended(each)]
        require(not going_on, f"Backfill {known.id} has ended, and {len(going_on)} of its runs go on.")

    def _make_room(self, role: Role) -> None:
        """Cancel the oldest backfills that may go on, where there are many."""
        going_on = [
            (export, each) for export in self.tenants[role].exports.values() for each in export.open_backfills()
        ]
        for export, backfill in going_on[: max(0, len(going_on) - MOST_OPEN_BACKFILLS + 1)]:
            self._cancel_backfill(role, export, backfill)

    def _run_of(self, export: KnownExport, part: int) -> str:
        return list(export.runs)[part % len(export.runs)]


def _range(intervals: list[Interval]) -> Interval:
    return intervals[0][0], intervals[-1][1]


def _interval(run: Mapping[str, Any]) -> Interval:
    return run["data_interval_start"], run["data_interval_end"]


def _check_location(answer: Answer, expected: str) -> None:
    place = httpx.URL(answer.headers.get("Location", "")).path
    require(place.endswith(expected), f"The Location is {place}; it must end with {expected}.")
