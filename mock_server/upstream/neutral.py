"""Takes out of what an API has answered whatever tells whose it is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from mock_server.upstream.pseudonyms import Pseudonyms

Json = dict[str, Any]

_PUBLIC_SETTINGS = frozenset(
    {
        "authentication_type", "compression", "encryption", "file_format", "mode", "properties_data_type", "region",
        "region_name", "type",
    }
)  # fmt: skip
"""What says nothing of its owner; all other settings that are texts are replaced, those of tomorrow too."""
_HOSTS = frozenset({"host", "server_hostname"})
_URLS = frozenset({"endpoint_url", "url"})
_PUBLIC_FIELDS = frozenset(
    {"destination.type", "end_at", "interval", "model", "offset_day", "offset_hour", "paused", "start_at", "timezone"}
)
_TEXTS = frozenset({"exact", "is_not", "icontains", "not_icontains"})
_PATTERNS = frozenset({"regex", "not_regex"})
_ANY_PATTERN = ".+"
_SETTINGS = "destination.config."
_OWN_MARK = "$"
"""What the names of events and properties begin with that every project has."""


class Neutral:
    """Replaces names, hosts, accounts, paths and what people wrote; ids, times and numbers stay."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def export(self, row: Json) -> Json:
        """An export without its owner."""
        destination = row["destination"]
        for name in destination["config"]:
            self._pseudonyms.keep(name)
        config = {name: self._setting(name, value) for name, value in destination["config"].items()}
        filters = row["filters"] and [self._filter(each) for each in row["filters"]]
        named = {"name": self._pseudonyms.name(row["name"]), "filters": filters}
        return row | named | {"destination": destination | {"config": config}}

    def run(self, row: Json) -> Json:
        """A run without its owner."""
        error = row["latest_error"]
        return row | {"latest_error": error and self._pseudonyms.text(error)}

    def log_entry(self, row: Json) -> Json:
        """A log entry without its owner."""
        return row | {"message": self._pseudonyms.text(row["message"])}

    def activity(self, row: Json) -> Json:
        """A change without who made it."""
        actor = row["actor"] | {"label": self._pseudonyms.name(row["actor"]["label"])}
        return row | {"actor": actor, "changes": [self._change(each) for each in row["changes"]]}

    def _change(self, change: Json) -> Json:
        field = change["field"]
        if field in _PUBLIC_FIELDS:
            return change
        return change | {side: self._changed(field, change[side]) for side in ("before", "after")}

    def _changed(self, field: str, value: Any) -> Any:
        if field == "filters" and isinstance(value, list):
            return [self._filter(each) for each in value]
        if field.startswith(_SETTINGS):
            return self._setting(field.rpartition(".")[2], value)
        return _over(value, self._word)

    def _setting(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._setting(key, inner) for key, inner in value.items()}
        if name in _PUBLIC_SETTINGS:
            return value
        if name in _HOSTS:
            return _over(value, self._pseudonyms.host)
        if name in _URLS:
            return _over(value, self._pseudonyms.url)
        return _over(value, self._own)

    def _filter(self, condition: Json) -> Json:
        changed = condition | {"key": self._own(condition["key"])}
        operator, value = condition.get("operator", "exact"), condition.get("value")
        if operator in _PATTERNS:
            # What is left of one with other letters may be none.
            return changed | {"value": _over(value, lambda _: _ANY_PATTERN)}
        return changed | {"value": _over(value, self._word)} if operator in _TEXTS else changed

    def _own(self, name: str) -> str:
        return name if name.startswith(_OWN_MARK) else self._pseudonyms.name(name)

    def _word(self, text: str) -> str:
        return text if _is_plain(text) else self._pseudonyms.name(text)


def _over(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value whose texts are changed."""
    match value:
        case str():
            return change(value)
        case list():
            return [_over(each, change) for each in value]
        case dict():
            return {key: _over(inner, change) for key, inner in value.items()}
    return value


def _is_plain(text: str) -> bool:
    """Whether a text is an id or a time."""
    for read in (UUID, datetime.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
