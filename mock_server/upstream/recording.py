"""What an upstream shows of a project, read through its API."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mock_server.upstream.neutral import Neutral
from mock_server.upstream.pseudonyms import Pseudonyms
from mock_server.upstream.reader import NotThereError, Reader

Json = dict[str, Any]

_MOST_BACKFILLS = 1_000
_MOST_CHANGES = 1_000
_LOGS_OF_A_RUN = 20
_LIVE = ("created_at", "last_updated_at", "finished_at", "timestamp")


@dataclass(slots=True)
class Recording:
    """Rows as the API shows them, each list newest first."""

    at: datetime
    exports: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    backfills: list[Json] = field(default_factory=list)
    logs: list[Json] = field(default_factory=list)
    activity: dict[str, list[Json]] = field(default_factory=dict)
    """By the export's id."""
    versions: dict[str, int] = field(default_factory=dict)
    """By the export's id."""

    def neutral(self, pseudonyms: Pseudonyms) -> "Recording":
        """The same rows without what tells whose they are."""
        neutral = Neutral(pseudonyms)
        # Exports first: what they are called is then found in sentences, too.
        exports = [neutral.export(row) for row in self.exports]
        return Recording(
            self.at,
            exports,
            [neutral.run(row) for row in self.runs],
            self.backfills,
            [neutral.log_entry(row) for row in self.logs],
            {key: [neutral.activity(row) for row in rows] for key, rows in self.activity.items()},
            self.versions,
        )

    def with_other_ids(self, pseudonyms: Pseudonyms) -> "Recording":
        """The same rows with other ids."""

        def changed(value: Any) -> Any:
            match value:
                case str():
                    return pseudonyms.ids(value)
                case list():
                    return [changed(each) for each in value]
                case dict():
                    return {changed(key): changed(inner) for key, inner in value.items()}
            return value

        rows = (self.exports, self.runs, self.backfills, self.logs, self.activity, self.versions)
        return Recording(self.at, *map(changed, rows))


def record(
    reader: Reader, exports: int, runs: int, at: datetime | None = None, tell: Callable[[str], None] = lambda _: None
) -> Recording:
    """Read so many exports, and so many runs of each, the newest ones; raises RecordError.

    `at` is what time it is at the upstream, unless its answers tell; `tell` hears how far it is.
    """
    rows = list(reader.rows("list_exports", exports, query={"limit": min(exports, 100), "latest_runs": 0}))
    recording = Recording(at or reader.at or datetime.now(UTC), rows)
    for number, row in enumerate(rows, start=1):
        tell(f"Export {number} of {len(rows)}: {row['id']}")
        _record_export(reader, recording, row["id"], runs)
    recording.at = at or max([recording.at, *_times(recording)])
    return recording


def _record_export(reader: Reader, recording: Recording, export_id: str, most_runs: int) -> None:
    _, headers = reader.one("get_export", id=export_id)
    version = headers.get("etag", "").removeprefix("W/").strip('"')
    recording.versions[export_id] = int(version) if version.isdecimal() and version.isascii() else 1
    page = {"after": "all", "page_size": min(max(most_runs, 1), 1000)}
    runs = list(reader.rows("list_runs", most_runs, query=page, batch_export_id=export_id))
    known = {run["id"] for run in runs}
    recording.runs += runs
    recording.backfills += reader.rows("list_backfills", _MOST_BACKFILLS, batch_export_id=export_id)
    most_logs = len(runs) * _LOGS_OF_A_RUN
    logs = reader.rows("list_export_logs", most_logs, query={"limit": 500}, id=export_id)
    recording.logs += [entry for entry in logs if entry["run_id"] in known]
    recording.activity[export_id] = list(_changes(reader, export_id))


def _changes(reader: Reader, export_id: str) -> Iterator[Json]:
    # Older services keep no record of changes.
    with suppress(NotThereError):
        yield from reader.rows("list_export_activity", _MOST_CHANGES, query={"limit": 500}, id=export_id)


def _times(recording: Recording) -> Iterator[datetime]:
    for row in (*recording.exports, *recording.runs, *recording.backfills, *recording.logs):
        for name in _LIVE:
            if row.get(name) is not None:
                yield datetime.fromisoformat(row[name])
