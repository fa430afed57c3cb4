"""What each world names by itself, by the order in which it comes up: `$export-0`, `$run-2`, `$cursor-1`."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

NOBODY = str(UUID(int=0))

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CURSOR = re.compile(r"(?<=cursor=)[A-Za-z0-9_-]+")
_SYMBOL = re.compile(r"\$[a-z]+-[0-9]+")
_KINDS = {
    "batch_export": "export",
    "log_source_id": "export",
    "backfill": "backfill",
    "backfill_id": "backfill",
    "instance_id": "run",
    "retry_of": "run",
    "run_id": "run",
    "request_id": "request",
    "x-request-id": "request",
}
_MARKS = {
    "destination": "export",
    "retry_of": "run",
    "total_records_count": "backfill",
    "label": "actor",
    "changes": "activity",
}
"""Fields that tell what kind of object has them."""


class Symbols:
    """The names of one world, both ways."""

    def __init__(self) -> None:
        self._symbols: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, content: Any, name: str = "") -> Any:
        """Content of an answer with symbols for what this world named; `name` is the field or header that has it."""
        if isinstance(content, dict):
            kind = next((kind for mark, kind in _MARKS.items() if mark in content), "object")
            return {key: self._of_field(key, value, kind) for key, value in content.items()}
        if isinstance(content, list):
            return [self.of(each, name) for each in content]
        if not isinstance(content, str):
            return content
        if name in {"request_id", "x-request-id"}:
            return self._symbol("request", content)
        kind = _KINDS.get(name, "object")
        named = _UUID.sub(lambda found: self._symbol(kind, found[0]), content)
        return _CURSOR.sub(lambda found: self._symbol("cursor", found[0]), named)

    def fill(self, template: Any) -> Any:
        """A template of a request with this world's values for symbols; for what never came up, one that nobody has."""
        if isinstance(template, Mapping):
            return {key: self.fill(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self.fill(each) for each in template]
        if not isinstance(template, str):
            return template
        return _SYMBOL.sub(lambda found: self._values.get(found[0], NOBODY), template)

    def _of_field(self, key: str, value: Any, kind: str) -> Any:
        if key == "id" and isinstance(value, str):
            return self._symbol(kind, value)
        return self.of(value, key)

    def _symbol(self, kind: str, value: str) -> str:
        if value == NOBODY:
            return value
        if value not in self._symbols:
            symbol = f"${kind}-{self._counts[kind]}"
            self._counts[kind] += 1
            self._symbols[value] = symbol
            self._values[symbol] = value
        return self._symbols[value]
