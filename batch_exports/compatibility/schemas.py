"""Schemas as they work: what `allOf` joins counts as one, and `nullable` is a type among others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from batch_exports.compatibility.places import Place
from batch_exports.contract.schemas import Mode

ALL_TYPES = frozenset({"string", "integer", "fraction", "boolean", "array", "object"})
"""The kinds of JSON values but null; numbers that are no integers are a kind of their own."""

_KINDS = {"number": frozenset({"integer", "fraction"})}
_UNIONS = ("oneOf", "anyOf")
_HIDING = {Mode.REQUEST: "readOnly", Mode.RESPONSE: "writeOnly"}


@dataclass(frozen=True, slots=True)
class Schema:
    """What several parts demand together: a schema, and what it joins by `allOf`."""

    parts: tuple[Place, ...]

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.parts[0]

    def stated(self, keyword: str) -> list[Place]:
        """What its parts state under a keyword."""
        return [part[keyword] for part in self.parts if keyword in part]

    def values(self, keyword: str) -> list[Any]:
        """The same as plain values."""
        return [part.value[keyword] for part in self.parts if keyword in part]

    @property
    def types(self) -> frozenset[str]:
        """The kinds of values that it allows, but for null."""
        allowed = ALL_TYPES
        for name in self.values("type"):
            allowed &= _KINDS.get(name, frozenset({name}))
        return allowed

    @property
    def allows_null(self) -> bool:
        """Whether null is a value of it."""
        return not any(_forbids_null(part.value) for part in self.parts)

    @property
    def enum(self) -> dict[str, Any] | None:
        """The values that it lists, but for null, by their text; None if it lists none."""
        lists = [{text(value): value for value in values if value is not None} for values in self.values("enum")]
        if not lists:
            return None
        return {key: value for key, value in lists[0].items() if all(key in other for other in lists)}

    @property
    def properties(self) -> dict[str, "Schema"]:
        """The properties that it declares."""
        found: dict[str, list[Place]] = {}
        for declared in self.stated("properties"):
            for name, place in declared.entries().items():
                found.setdefault(name, []).append(place)
        return {name: join(*places) for name, places in found.items()}

    def is_hidden(self, mode: Mode) -> bool:
        """Whether it is a property that requests, or answers, do not have."""
        return True in self.values(_HIDING[mode])

    @property
    def required(self) -> frozenset[str]:
        """The properties that must be there."""
        return frozenset(name for names in self.values("required") for name in names)

    @property
    def additional(self) -> "Schema | bool":
        """What other properties must be: False if there are none, True if they may be anything."""
        stated = self.stated("additionalProperties")
        if any(place.value is False for place in stated):
            return False
        schemas = [place for place in stated if isinstance(place.value, dict) and place.value]
        return join(*schemas) if schemas else True

    @property
    def is_closed(self) -> bool:
        """Whether objects have no other properties than those that are declared."""
        return self.additional is False

    @property
    def unions(self) -> list[Place]:
        """Its `oneOf` and `anyOf`."""
        return [place for keyword in _UNIONS for place in self.stated(keyword)]


def join(*places: Place) -> Schema:
    """One schema of several parts, and of all that these join."""
    return Schema(tuple(_parts(places, set())))


def _parts(places: Iterable[Place], seen: set[tuple[str, ...]]) -> Iterator[Place]:
    for place in places:
        if place.path in seen or not isinstance(place.value, dict):
            continue
        seen.add(place.path)
        yield place
        if "allOf" in place:
            yield from _parts(place["allOf"].items(), seen)


def _forbids_null(schema: dict[str, Any]) -> bool:
    if schema.get("nullable", False):
        return False
    return "type" in schema or ("enum" in schema and None not in schema["enum"])


def text(value: Any) -> str:
    """A value as JSON, the same for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
