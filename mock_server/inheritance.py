"""Fixtures that extend another one: what they say is laid over what it says."""

from typing import Any

from mock_server.documents import Document, Place, step_to

EXTENDS = "extends"
_EXPORTS = "/exports"
_LITERAL = "/request/"
"""Within a request null is a value; anywhere else it takes away what the other fixture has."""


def extended(base: Document, own: Document) -> Document:
    """`own` laid over `base`: objects are merged, exports too, by their id; anything else replaces what was there.

    Raises FixtureError.
    """
    places: dict[str, Place] = {}
    data = _Overlay(base, own, places).mapping("", "", "", base.data, own.data)
    data.pop(EXTENDS, None)
    return Document(data, places)


class _Overlay:
    """Merges two documents, and notes from which of them each part came."""

    def __init__(self, base: Document, own: Document, places: dict[str, Place]) -> None:
        self._base = base
        self._own = own
        self._places = places

    def mapping(self, at: str, base_at: str, own_at: str, base: Any, own: Any) -> dict[str, Any]:
        """Both objects as one, whose pointer will be `at`."""
        self._places[at] = self._own.place(own_at)
        result = {}
        for key, value in base.items():
            if key not in own:
                self._keep(at + step_to(key), base_at + step_to(key))
                result[key] = value
        for key, value in own.items():
            step = step_to(key)
            if value is None and _LITERAL not in f"{own_at}/":
                if key not in base:
                    raise self._own.error(own_at + step, "there is nothing that this could take away")
            else:
                result[key] = self._value(at + step, base_at + step, own_at + step, base.get(key), value)
        return result

    def _value(self, at: str, base_at: str, own_at: str, base: Any, own: Any) -> Any:
        if at == _EXPORTS and isinstance(base, list) and isinstance(own, list):
            return self._exports(base, own)
        if not isinstance(base, dict) or not isinstance(own, dict) or _is_of_another_type(base, own):
            self._places[at] = self._own.place(own_at)
            return own
        return self.mapping(at, base_at, own_at, base, own)

    def _exports(self, base: list[Any], own: list[Any]) -> list[Any]:
        """The exports of both, those of the same id merged."""
        self._places[_EXPORTS] = self._own.place(_EXPORTS)
        changes = self._numbers(own)
        result: list[Any] = []
        for number, export in enumerate(base):
            base_at, change = f"{_EXPORTS}/{number}", changes.pop(export["id"], None) if _has_id(export) else None
            if change is None:
                self._keep(base_at, base_at)
                result.append(export)
            else:
                result.append(self.mapping(base_at, base_at, f"{_EXPORTS}/{change}", export, own[change]))
        for number, export in enumerate(own):
            if not _has_id(export) or export["id"] in changes:
                self._places[f"{_EXPORTS}/{len(result)}"] = self._own.place(f"{_EXPORTS}/{number}")
                result.append(export)
        return result

    def _numbers(self, own: list[Any]) -> dict[str, int]:
        """Where each export stands in a list, by its id."""
        numbers: dict[str, int] = {}
        for number, export in enumerate(own):
            if _has_id(export) and numbers.setdefault(export["id"], number) != number:
                raise self._own.error(f"{_EXPORTS}/{number}/id", "another export has this id")
        return numbers

    def _keep(self, at: str, base_at: str) -> None:
        self._places[at] = self._base.place(base_at)
        for pointer, place in self._base.places.items():
            if pointer.startswith(f"{base_at}/"):
                self._places[at + pointer[len(base_at) :]] = place


def _has_id(export: Any) -> bool:
    return isinstance(export, dict) and isinstance(export.get("id"), str)


def _is_of_another_type(base: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether these are destinations of different types, which have no settings in common."""
    return "type" in own and "config" in base and own["type"] != base.get("type")
