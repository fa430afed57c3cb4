"""Finds which branches of a `oneOf` or `anyOf` are the same in both versions, and compares discriminators."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from batch_exports.compatibility.differences import Shift
from batch_exports.compatibility.places import Place
from batch_exports.compatibility.schemas import Schema, text
from batch_exports.compatibility.value_comparison import Aspect


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches of two versions of one union."""

    removed: list[Place] = field(default_factory=list)
    added: list[Place] = field(default_factory=list)
    matched: list[tuple[Place, Place]] = field(default_factory=list)


def match_branches(base: Schema, revision: Schema) -> Branches:
    """Match by the value of the discriminator, then by name, then by content, and what is left by type."""
    shared = _labels(base).keys() & _labels(revision).keys()
    before, after = _by_key(base, shared), _by_key(revision, shared)
    matched = [(before[key], after[key]) for key in before if key in after]
    removed = [place for key, place in before.items() if key not in after]
    added = [place for key, place in after.items() if key not in before]
    for one in removed.copy():
        other = next((each for each in added if _are_alike(one, each)), None)
        if other is not None:
            matched.append((one, other))
            removed.remove(one)
            added.remove(other)
    return Branches(removed, added, matched)


def _by_key(schema: Schema, shared: set[str]) -> dict[str, Place]:
    labels = {name: label for label, name in _labels(schema).items() if label in shared}
    found = {}
    for place in _branches(schema):
        name = place.component or text(place.value)
        found[labels.get(name, name)] = place
    return found


def _are_alike(one: Place, other: Place) -> bool:
    """Whether two branches of different names, or without any, may be versions of each other."""
    if one.component and other.component:
        return bool(one.value == other.value)
    return bool(one.value.get("type") == other.value.get("type"))


def _labels(schema: Schema) -> dict[str, str]:
    """The names of the components that the values of the discriminator stand for."""
    mappings = [value.get("mapping", {}) for value in schema.values("discriminator")]
    return {label: target.rpartition("/")[2] for mapping in mappings for label, target in mapping.items()}


def compare_discriminators(base: Schema, revision: Schema) -> Iterator[Aspect]:
    """What has changed about how a branch is chosen, for the branches that both versions have."""
    before, after = ({value.get("propertyName") for value in each.values("discriminator")} for each in (base, revision))
    if before and before != after:
        yield Aspect("discriminator-changed", Shift.REPLACED, "has another discriminator", "discriminator")
    if after and not before:
        yield Aspect("discriminator-added", Shift.EXTENDED, "has a discriminator", "discriminator")
    if before and before == after:
        yield from _compare_mappings(base, revision)


def _compare_mappings(base: Schema, revision: Schema) -> Iterator[Aspect]:
    before, after = _labels(base), _labels(revision)
    names_before, names_after = ({place.component for place in _branches(each)} for each in (base, revision))
    for label in before.keys() - after.keys():
        if before[label] in names_after:
            what = f"is no longer chosen by `{label}`"
            yield Aspect("mapping-removed", Shift.REPLACED, what, "discriminator")
    for label in after.keys() - before.keys():
        if after[label] in names_before:
            yield Aspect("mapping-added", Shift.WIDENED, f"can also be chosen by `{label}`", "discriminator")


def _branches(schema: Schema) -> list[Place]:
    return [branch for union in schema.unions for branch in union.items()]
