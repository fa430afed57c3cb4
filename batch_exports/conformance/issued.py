"""What the service under test has issued during a run, so that requests can speak of objects which exist.

Schemathesis hands ids on from one answer to another request, but hardly any pair of ids that belong together, and
cursors that nobody issued; most of its requests for runs, backfills and pages would be answered with 404.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from batch_exports.conformance.hooks_settings import SILENT_ENDPOINT

Json = dict[str, Any]

_NEWEST = 5
_OPEN = ("Starting", "Running")


class Parts:
    """Runs or backfills: the export of each, and which of them may still be going on."""

    def __init__(self) -> None:
        self.exports: dict[str, str] = {}
        self.open: set[str] = set()

    def note(self, part: str, export: str, status: str) -> None:
        """Remember a run or backfill as an answer shows it."""
        self.exports[part] = export
        if status in _OPEN:
            self.open.add(part)
        else:
            self.open.discard(part)


class Issued:
    """Exports, their runs and backfills, and cursors, from the answers that showed them."""

    def __init__(self, silent_endpoint: str = SILENT_ENDPOINT) -> None:
        self.silent_endpoint = silent_endpoint
        self.exports: dict[str, Json] = {}
        self.destinations: dict[str, Json] = {}
        """With which an export was saved, credentials included."""
        self._tags: dict[str, str] = {}
        self._parts = {"runs": Parts(), "backfills": Parts()}
        self._cursors: set[str] = set()
        self._deleted: set[str] = set()

    def note(self, path: Json, sent: Any, received: Any) -> None:
        """Remember what an answer shows, on a request with these path parameters and body."""
        for each in _objects(received):
            if "destination" in each and "interval" in each:
                self._note_export(each, sent)
            elif "batch_export" in each:
                kind = "runs" if "retry_of" in each else "backfills"
                self._parts[kind].note(each["id"], each["batch_export"], each["status"])
            if each.get("next"):
                self._cursors.update(parse_qs(urlsplit(each["next"]).query).get("cursor", ()))
        export = path.get("batch_export_id") or path.get("id")
        for kind, name in (("runs", "run_id"), ("backfills", "backfill_id")):
            if export and isinstance(received, dict) and received.get(name):
                self._parts[kind].note(received[name], export, "Starting")

    def note_tag(self, export: Json, tag: str) -> None:
        """Remember the version in which an answer shows an export."""
        self._tags[export["id"]] = tag

    def forget_tag(self, export_id: str) -> None:
        """The version of an export may have become another, which no answer has shown."""
        self._tags.pop(export_id, None)

    def real_tag(self, export_id: str, given: str) -> str:
        """The last version of an export that was shown; the one that was given for an export that is not known."""
        return self._tags.get(export_id, "*" if export_id in self.exports else given)

    def end(self, part: str) -> None:
        """A run or backfill was cancelled, or could not be."""
        for parts in self._parts.values():
            parts.open.discard(part)

    def forget(self, export_id: str) -> None:
        """Take a deleted export out of use."""
        self._deleted.add(export_id)
        self.exports.pop(export_id, None)

    def real_path(self, template: str, path: Json, draw: int, *, after_deletion: bool) -> Json:
        """The path parameters, with ids that were issued in place of those that were not.

        Only `after_deletion`, where the request belongs to a sequence, a deleted export is meant to be one.
        """
        for kind, parts in self._parts.items():
            if f"/{kind}/{{id}}/" in template:
                return self._real_pair(path, parts, draw, may_end=template.endswith("/cancel/"))
        owner = "batch_export_id" if "batch_export_id" in path else "id"
        if owner not in path or path[owner] in self.exports or not self.exports:
            return path
        if after_deletion and path[owner] in self._deleted:
            return path
        return path | {owner: _pick(list(self.exports), draw)}

    def real_query(self, query: Json) -> Json:
        """The query, without a cursor that was not issued."""
        return {name: value for name, value in query.items() if name != "cursor" or value in self._cursors}

    def _real_pair(self, path: Json, parts: Parts, draw: int, *, may_end: bool) -> Json:
        usable = [part for part, export in parts.exports.items() if export in self.exports]
        if may_end:
            usable = [part for part in usable if part in parts.open] or usable
            usable.sort(key=lambda part: self._lasts(parts.exports[part]))
        given = path["id"]
        if not usable or (given in usable and parts.exports[given] == path["batch_export_id"]):
            return path
        part = _pick(usable[-_NEWEST:], draw)
        return path | {"id": part, "batch_export_id": parts.exports[part]}

    def _lasts(self, export_id: str) -> bool:
        export = self.exports[export_id]
        endpoint = export["destination"]["config"].get("endpoint_url")
        return bool(export["model"] == "events" and endpoint == self.silent_endpoint)

    def _note_export(self, export: Json, sent: Any) -> None:
        self.exports[export["id"]] = export
        if isinstance(sent, dict) and {"name", "interval", "destination"} <= sent.keys():
            self.destinations[export["id"]] = sent["destination"]


def _pick(ids: list[str], draw: int) -> str:
    return ids[draw % len(ids)]


def _objects(received: Any) -> list[Json]:
    """An answer and the objects that it lists."""
    if not isinstance(received, dict):
        return []
    listed = [*received.get("results", ()), *received.get("latest_runs", ())]
    return [received, *(found for each in listed for found in _objects(each))]
