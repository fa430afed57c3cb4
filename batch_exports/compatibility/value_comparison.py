"""Compares what two schemas say about one value: its type, null, its listed values, bounds, pattern and format."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from batch_exports.compatibility.differences import Shift
from batch_exports.compatibility.places import Place
from batch_exports.compatibility.schemas import Schema, text
from batch_exports.contract.schemas import Mode

_LENGTHS = ("Length", "Items", "Properties")
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_LOWER = ("minimum", *(f"min{name}" for name in _LENGTHS))
_UPPER = ("maximum", *(f"max{name}" for name in _LENGTHS))
_HINTS = frozenset({"password"})
"""Formats that say how to show a value, and forbid none."""
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
_SHOWN_VALUES = 8


class Aspect(NamedTuple):
    """What a keyword of two schemas comes to: nothing yet about requests and answers."""

    kind: str
    shift: Shift
    what: str
    keyword: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of one schema."""

    base: Schema
    revision: Schema
    mode: Mode

    @property
    def types_are_disjoint(self) -> bool:
        """Whether each has values of some type, but none, save null, that the other has."""
        base, revision = self.base.types, self.revision.types
        return bool(base and revision) and not base & revision


def compare_values(pair: Pair) -> Iterator[Aspect]:
    """What has changed about a value itself, not about what it holds."""
    yield from _types(pair)
    yield from _null(pair)
    if not pair.types_are_disjoint:
        for rule in _RULES:
            yield from rule(pair)


def _types(pair: Pair) -> Iterator[Aspect]:
    base, revision = pair.base.types, pair.revision.types
    if base == revision:
        return
    shift = Shift.NARROWED if revision < base else Shift.WIDENED if base < revision else Shift.REPLACED
    yield Aspect("type-changed", shift, f"is {_types_of(pair.revision)}, was {_types_of(pair.base)}", "type")


def _types_of(schema: Schema) -> str:
    names = schema.values("type")
    return " and ".join(f"`{name}`" for name in names) if names else "of any type"


def _null(pair: Pair) -> Iterator[Aspect]:
    if pair.base.allows_null and not pair.revision.allows_null:
        yield Aspect("null-removed", Shift.NARROWED, "can no longer be null", "nullable")
    if pair.revision.allows_null and not pair.base.allows_null:
        yield Aspect("null-added", Shift.WIDENED, "can be null", "nullable")


def _enum(pair: Pair) -> Iterator[Aspect]:
    base, revision = pair.base.enum, pair.revision.enum
    if base is None and revision is not None:
        yield Aspect("enum-added", Shift.NARROWED, f"is now one of {_list(revision)}", "enum")
    elif base is not None and revision is None:
        yield Aspect("enum-dropped", Shift.WIDENED, f"is no longer one of {_list(base)} alone", "enum")
    elif base is not None and revision is not None:
        gone = {key: base[key] for key in base if key not in revision}
        new = {key: revision[key] for key in revision if key not in base}
        if gone:
            yield Aspect("enum-value-removed", Shift.NARROWED, f"is no longer {_list(gone)}", "enum")
        if new:
            yield Aspect("enum-value-added", Shift.WIDENED, f"can also be {_list(new)}", "enum")


def _list(values: dict[str, Any]) -> str:
    shown = [f"`{value if isinstance(value, str) else key}`" for key, value in values.items()]
    more = len(shown) - _SHOWN_VALUES
    return ", ".join(shown[:_SHOWN_VALUES]) + (f" and {more} more" if more > 0 else "")


def _bounds(pair: Pair) -> Iterator[Aspect]:
    for keyword in _LOWER:
        yield from _bound(pair, keyword, sign=1)
    for keyword in _UPPER:
        yield from _bound(pair, keyword, sign=-1)


def _bound(pair: Pair, keyword: str, sign: int) -> Iterator[Aspect]:
    base, revision = _limit(pair.base, keyword, sign), _limit(pair.revision, keyword, sign)
    if base == revision:
        return
    is_narrower = base is None or (revision is not None and revision > base)
    shift = Shift.NARROWED if is_narrower else Shift.WIDENED
    kind = "bound-tightened" if is_narrower else "bound-loosened"
    yield Aspect(kind, shift, f"has `{keyword}` {_shown(revision)}, was {_shown(base)}", keyword)


def _limit(schema: Schema, keyword: str, sign: int) -> tuple[float, bool, Any] | None:
    """The strictest bound of all parts, so that a greater one is stricter."""
    exclusive = _EXCLUSIVE.get(keyword, "")
    stated = [
        (sign * part.value[keyword], bool(part.value.get(exclusive, False)), part.value[keyword])
        for part in schema.parts
        if keyword in part
    ]
    strictest = max(stated, default=None)
    is_idle = strictest is not None and keyword.removeprefix("min") in _LENGTHS and strictest[2] == 0
    return None if is_idle else strictest


def _shown(limit: tuple[float, bool, Any] | None) -> str:
    if limit is None:
        return "none"
    return f"{limit[2]} (exclusive)" if limit[1] else str(limit[2])


def _pattern(pair: Pair) -> Iterator[Aspect]:
    base, revision = set(pair.base.values("pattern")), set(pair.revision.values("pattern"))
    if base < revision:
        yield Aspect("pattern-added", Shift.NARROWED, "must match one more pattern", "pattern")
    elif revision < base:
        yield Aspect("pattern-removed", Shift.WIDENED, "need not match a pattern any more", "pattern")
    elif base != revision:
        yield Aspect("pattern-changed", Shift.UNDECIDED, "must match another pattern", "pattern")


def _format(pair: Pair) -> Iterator[Aspect]:
    base, revision = set(pair.base.values("format")), set(pair.revision.values("format"))
    if base == revision:
        return
    strict_base, strict_revision = base - _HINTS, revision - _HINTS
    what = f"has the format {_names(revision)}, was {_names(base)}"
    if strict_base == strict_revision:
        yield Aspect("annotation-changed", Shift.ANNOTATED, what, "format")
    else:
        yield Aspect("format-changed", _format_shift(strict_base, strict_revision), what, "format")


def _format_shift(base: set[str], revision: set[str]) -> Shift:
    pairs = {(before, after) for before in base for after in revision}
    if revision < base or pairs & _WIDER_FORMATS:
        return Shift.WIDENED
    if base < revision or {(after, before) for before, after in pairs} & _WIDER_FORMATS:
        return Shift.NARROWED
    return Shift.REPLACED


def _names(names: set[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names)) or "none"


def _multiples(pair: Pair) -> Iterator[Aspect]:
    base, revision = pair.base.values("multipleOf"), pair.revision.values("multipleOf")
    if base != revision:
        shift = Shift.WIDENED if not revision else Shift.NARROWED if not base else Shift.UNDECIDED
        what = f"must be a multiple of {text(revision)}, was {text(base)}"
        yield Aspect("multiple-changed", shift, what, "multipleOf")


def _uniqueness(pair: Pair) -> Iterator[Aspect]:
    base, revision = (True in schema.values("uniqueItems") for schema in (pair.base, pair.revision))
    if revision and not base:
        yield Aspect("unique-items-added", Shift.NARROWED, "holds nothing twice", "uniqueItems")
    if base and not revision:
        yield Aspect("unique-items-removed", Shift.WIDENED, "may hold something twice", "uniqueItems")


def _default(pair: Pair) -> Iterator[Aspect]:
    base, revision = pair.base.values("default"), pair.revision.values("default")
    if text(base) == text(revision):
        return
    what = f"has the default {_first(revision)}, was {_first(base)}"
    if pair.mode is Mode.RESPONSE:
        yield Aspect("annotation-changed", Shift.ANNOTATED, what, "default")
    else:
        shift = Shift.REPLACED if base and revision else Shift.UNDECIDED
        yield Aspect("default-changed", shift, what, "default")


def _first(values: list[Any]) -> str:
    return f"`{text(values[0])}`" if values else "none"


_RULES: tuple[Callable[[Pair], Iterator[Aspect]], ...] = (
    _enum, _bounds, _pattern, _format, _multiples, _uniqueness, _default,
)  # fmt: skip


def place_of(schema: Schema, keyword: str) -> Place:
    """Where a keyword stands, or the schema if it states none."""
    return next(iter(schema.stated(keyword)), schema.place)
