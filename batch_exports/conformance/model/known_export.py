"""What a program knows of each export and each tenant, and how what it sees fits in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from batch_exports.conformance.model.documents import Json, check_equal, check_order, with_moments
from batch_exports.conformance.model.exchange import Answer
from batch_exports.conformance.model.export_settings import ExportSettings
from batch_exports.conformance.model.known_work import KnownBackfill, check_backfill, check_run
from batch_exports.conformance.model.transcript import require
from batch_exports.conformance.model.walks import check_sorted

_CHOSEN_BY_SERVICE = ("id", "team_id", "created_at", "last_updated_at", "last_paused_at")


@dataclass(slots=True)
class KnownExport:
    """An export that a program made, as it must be."""

    id: str
    settings: ExportSettings
    document: Json
    etags: list[str]
    first_answer: Json
    """That of its creation, as it came."""
    changes: list[str] = field(default_factory=lambda: ["created"])
    runs: dict[str, Json] = field(default_factory=dict)
    backfills: dict[str, KnownBackfill] = field(default_factory=dict)
    was_scheduled: bool = False
    schedules: int = 1
    """How many schedules it has had."""

    @classmethod
    def made(cls, body: Mapping[str, Any], answer: Answer) -> "KnownExport":
        """The export that a creation answered with; raises Mismatch unless it is what was asked for."""
        shown = with_moments(answer.body)
        settings = ExportSettings.created(body)
        require(shown.get("latest_runs") == [], "A new export has no runs.")
        new = cls(str(shown.get("id")), settings, shown, [answer.etag], answer.body)
        paused = bool(body.get("paused"))
        check_equal("the new export", new._expected(settings, paused=paused), shown)
        require((shown["last_paused_at"] is not None) == paused, f"last_paused_at is {shown['last_paused_at']}.")
        check_order("the new export", shown["created_at"], shown["last_paused_at"], shown["last_updated_at"])
        new.was_scheduled = not paused
        return new

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/{self.id}/"

    @property
    def makes_harmless_runs(self) -> bool:
        """Whether its runs can do nothing but succeed, wherever the service runs."""
        return self.settings.destination_type == "NoOp" and self.settings.model == "events"

    def check(self, shown: Mapping[str, Any]) -> None:
        """Raise Mismatch unless this is the export as it is; its runs are taken in."""
        document = with_moments(shown)
        runs = document.pop("latest_runs")
        check_equal(f"export {self.id}", {k: v for k, v in self.document.items() if k != "latest_runs"}, document)
        seen = [self.see_run(run) for run in runs]
        check_sorted(seen, ("created_at", True))

    def changed(self, settings: ExportSettings, answer: Answer, *, paused: bool | None = None) -> None:
        """Take in a change by its answer; raises Mismatch unless it is what was asked for, and nothing else."""
        before, after = self.document, with_moments(answer.body)
        paused = before["paused"] if paused is None else paused
        if settings == self.settings and paused == before["paused"]:
            self.check(answer.body)
            require(answer.etag == self.etags[-1], "The ETag is another, though nothing has changed.")
            return
        for run in after["latest_runs"]:
            self.see_run(run)
        expected = self._expected(settings, paused=paused)
        expected |= {name: before[name] for name in _CHOSEN_BY_SERVICE if name in after and name in before}
        expected["last_updated_at"] = after.get("last_updated_at")
        if paused and not before["paused"]:
            expected["last_paused_at"] = after.get("last_paused_at")
            check_order(f"export {self.id}", before["last_updated_at"], after.get("last_paused_at"))
        check_equal(f"export {self.id}", expected, after)
        check_order(f"export {self.id}", before["last_updated_at"], after["last_updated_at"])
        self._moved_on(settings, after, answer.etag)

    def see_run(self, shown: Mapping[str, Any]) -> Json:
        """Take in a run; raises Mismatch for one that cannot be, or that cannot have become what it is."""
        run = with_moments(shown)
        old = self.runs.get(run.get("id", ""), {})
        check_run(old, run)
        check_equal(f"run {run['id']}", {"batch_export": self.id}, run)
        if not old:
            self._check_origin(run)
        self.runs[run["id"]] = run
        return run

    def see_backfill(self, shown: Mapping[str, Any]) -> KnownBackfill:
        """Take in a backfill; raises Mismatch for one that cannot be, or that cannot have become what it is."""
        document = with_moments(shown)
        known = self.backfills.get(str(document.get("id")))
        require(known is not None, f"Nobody made backfill {document.get('id')} of export {self.id}.")
        assert known is not None  # noqa: S101 - for readers of types
        check_backfill(known.document, document)
        expected = {"batch_export": self.id, "team": self.document["team_id"]}
        if known.intervals is not None:
            expected |= {"start_at": known.intervals[0][0], "end_at": known.intervals[-1][1]}
        check_equal(f"backfill {known.id}", expected, document)
        known.document = document
        return known

    def open_backfills(self) -> list[KnownBackfill]:
        """The backfills of which the program has not seen the end."""
        return [each for each in self.backfills.values() if not each.is_over]

    def _expected(self, settings: ExportSettings, *, paused: bool) -> Json:
        chosen = {name: self.document.get(name) for name in _CHOSEN_BY_SERVICE}
        return chosen | settings.document() | {"paused": paused, "paused_reason": "request" if paused else None}

    def _moved_on(self, settings: ExportSettings, after: Json, etag: str) -> None:
        require(etag not in self.etags, f"The ETag {etag} was that of an earlier version.")
        kind = "updated"
        if after["paused"] != self.document["paused"]:
            kind = "paused" if after["paused"] else "unpaused"
        self.changes.append(kind)
        self.schedules += settings.schedule != self.settings.schedule
        self.was_scheduled |= not after["paused"]
        self.settings, self.document = settings, after
        self.etags.append(etag)

    def _check_origin(self, run: Json) -> None:
        """Whoever made the run is known, and it has an interval that is due to it."""
        if run["backfill"] is None:
            require(self.was_scheduled, f"The schedule made run {run['id']}, though the export was always paused.")
            require(run["retry_of"] is None, f"Run {run['id']} of the schedule retries another.")
            return
        backfill = self.backfills.get(run["backfill"])
        require(backfill is not None, f"Run {run['id']} is of backfill {run['backfill']}, which nobody made.")
        assert backfill is not None  # noqa: S101 - for readers of types
        check_equal(f"run {run['id']}", {"retry_of": backfill.retry_of}, run)
        interval = run["data_interval_start"], run["data_interval_end"]
        if backfill.intervals is not None and backfill.schedule == self.schedules:
            require(interval in backfill.intervals, f"Run {run['id']} is of an interval that its backfill has not.")
        same = [each for each in self.runs.values() if each["backfill"] == backfill.id]
        twice = any((each["data_interval_start"], each["data_interval_end"]) == interval for each in same)
        require(not twice, f"Run {run['id']} is the second of its interval in one backfill.")


@dataclass(slots=True)
class KnownAnswer:
    """The body of a creation with an idempotency key, and the answer that it gets from then on."""

    body: Json
    answer: Json


@dataclass(slots=True)
class Tenant:
    """What a program made in one project."""

    exports: dict[str, KnownExport] = field(default_factory=dict)
    deleted: list[KnownExport] = field(default_factory=list)
    answers: dict[str, KnownAnswer] = field(default_factory=dict)
    team: int | None = None
    numbers: "count[int]" = field(default_factory=count)

    def pick(self, index: int) -> KnownExport | None:
        """One of the exports that are there; None for none."""
        return list(self.exports.values())[index % len(self.exports)] if self.exports else None

    def pick_harmless(self, index: int) -> KnownExport | None:
        """One of the exports whose runs do no harm; None for none."""
        found = [each for each in self.exports.values() if each.makes_harmless_runs]
        return found[index % len(found)] if found else None

    def add(self, export: KnownExport) -> None:
        """Take in a new export; raises Mismatch when it is of another project than those before."""
        team = export.document["team_id"]
        require(self.team in (None, team), f"The new export is of project {team}, those before are of {self.team}.")
        require(export.id not in self.exports, f"The new export has the id of another, {export.id}.")
        self.team = team
        self.exports[export.id] = export

    def remove(self, export: KnownExport) -> None:
        """Take in that an export is deleted."""
        self.deleted.append(self.exports.pop(export.id))
