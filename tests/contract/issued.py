"""What the service under test has issued during a run, so that requests can speak of objects which exist.

Schemathesis hands ids on from one answer to another request, but hardly any pair of ids that belong together, and
cursors that nobody issued; most of its requests for runs, backfills and pages would be answered with 404.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

_NEWEST = 5


class Issued:
    """Exports, their runs and backfills, and cursors, from the answers that showed them."""

    def __init__(self) -> None:
        self.exports: dict[str, Json] = {}
        self.destinations: dict[str, Json] = {}
        """With which an export was saved, credentials included."""
        self._cursors: set[str] = set()
        self._parts: dict[str, dict[str, str]] = {"runs": {}, "backfills": {}}
        self._deleted: set[str] = set()

    def note(self, path: Json, sent: Any, received: Any) -> None:
        """Remember what an answer shows, on a request with these path parameters and body."""
        for each in _objects(received):
            if "destination" in each and "interval" in each:
                self.exports[each["id"]] = each
                if isinstance(sent, dict) and {"name", "interval", "destination"} <= sent.keys():
                    self.destinations[each["id"]] = sent["destination"]
            elif "batch_export" in each:
                self._parts["runs" if "retry_of" in each else "backfills"][each["id"]] = each["batch_export"]
            if each.get("next"):
                self._cursors.update(parse_qs(urlsplit(each["next"]).query).get("cursor", ()))
        if isinstance(received, dict) and received.get("backfill_id"):
            self._parts["backfills"][received["backfill_id"]] = path.get("batch_export_id") or path["id"]

    def forget(self, export_id: str) -> None:
        """Take a deleted export out of use."""
        self._deleted.add(export_id)
        self.exports.pop(export_id, None)

    def real_path(self, template: str, path: Json, draw: int) -> Json:
        """The path parameters, with ids that were issued in place of those that were not."""
        owner = "batch_export_id" if "batch_export_id" in path else "id"
        for kind, parts in self._parts.items():
            if f"/{kind}/{{id}}/" in template:
                return self._real_pair(path, parts, draw)
        if owner not in path or path[owner] in self.exports or path[owner] in self._deleted or not self.exports:
            return path
        return path | {owner: _pick(list(self.exports), draw)}

    def real_query(self, query: Json) -> Json:
        """The query, without a cursor that was not issued."""
        return {name: value for name, value in query.items() if name != "cursor" or value in self._cursors}

    def _real_pair(self, path: Json, parts: dict[str, str], draw: int) -> Json:
        known = parts.get(path["id"])
        if known is not None and known == path["batch_export_id"]:
            return path
        alive = [each for each, export in parts.items() if export in self.exports]
        if not alive:
            return path
        part = _pick(alive[-_NEWEST:], draw)
        return path | {"id": part, "batch_export_id": parts[part]}


def _pick(ids: list[str], draw: int) -> str:
    return ids[draw % len(ids)]


def _objects(received: Any) -> list[Json]:
    """An answer and the objects that it lists."""
    if not isinstance(received, dict):
        return []
    listed = [*received.get("results", ()), *received.get("latest_runs", ())]
    return [received, *(found for each in listed for found in _objects(each))]
