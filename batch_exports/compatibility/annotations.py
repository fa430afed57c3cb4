"""Compares what no other rule looks at: words, examples and extensions, and what no rule knows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.places import Place
from batch_exports.contract.schemas import Mode

_ANNOTATIONS = frozenset({
    "title", "summary", "description", "example", "examples", "externalDocs", "deprecated", "tags", "links", "xml",
})  # fmt: skip


def compare_rest(
    base: Sequence[Place], revision: Sequence[Place], compared: Collection[str], mode: Mode, subject: str
) -> Iterator[Difference]:
    """What differs between two nodes, each of one or several parts, under the keys that were not compared."""
    keys = {key: None for place in (*base, *revision) for key in place.value if key not in compared}
    for key in keys:
        before, after = _stating(base, key), _stating(revision, key)
        if _values(before, key) != _values(after, key):
            is_known = key in _ANNOTATIONS or key.startswith("x-")
            kind = "annotation-changed" if is_known else "unknown-keyword-changed"
            shift = Shift.ANNOTATED if is_known else Shift.UNDECIDED
            what = f"`{key}` of `{subject}` {_change(before, after)}."
            yield Difference(kind, shift, mode, subject, what, _inner(before, key), _inner(after, key))


def compare_shown(base: Mapping[str, Place], revision: Mapping[str, Place]) -> Iterator[Difference]:
    """What differs between named parts that clients are only shown."""
    for name in sorted(base.keys() | revision.keys()):
        before, after = base.get(name), revision.get(name)
        if before is None or after is None or before.value != after.value:
            what = f"`{name}` {_change(before, after)}."
            yield Difference("annotation-changed", Shift.ANNOTATED, Mode.REQUEST, name, what, before, after)


def _stating(places: Sequence[Place], key: str) -> list[Place]:
    return [place for place in places if key in place]


def _values(places: Sequence[Place], key: str) -> list[Any]:
    return [place.value[key] for place in places]


def _inner(places: Sequence[Place], key: str) -> Place | None:
    """The value under a key as it is written: nothing in it is followed."""
    if not places:
        return None
    path = (*places[0].path, key)
    return Place(path, places[0].value[key], places[0].document, path)


def _change(before: object, after: object) -> str:
    if before and after:
        return "says something else"
    return "is new" if after else "is gone"
