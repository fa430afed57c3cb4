"""Compares two schemas, and the schemas inside them, as requests or as answers use them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from batch_exports.compatibility.annotations import compare_rest
from batch_exports.compatibility.branches import compare_discriminators, match_branches
from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.places import Path, Place
from batch_exports.compatibility.schemas import Schema, join
from batch_exports.compatibility.value_comparison import Aspect, Pair, compare_values, place_of
from batch_exports.contract.schemas import Mode
from batch_exports.contract.spec import references_in

_COMPARED = frozenset({
    "type", "nullable", "enum", "default", "format", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "uniqueItems", "minLength", "maxLength", "minItems", "maxItems", "minProperties",
    "maxProperties", "properties", "required", "additionalProperties", "items", "allOf", "oneOf", "anyOf",
    "discriminator", "readOnly", "writeOnly",
})  # fmt: skip


class SchemaComparison:
    """Compares schemas as requests or as answers use them; what many operations share is compared once."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self._known: dict[tuple[Path, Path], Sequence[Difference]] = {}
        self._seen: set[tuple[Schema, Schema]] = set()

    def compare(self, key: str, base: Place, revision: Place, subject: str) -> Sequence[Difference]:
        """Every difference of the schemas that two nodes may have under a key, each of the field it describes."""
        before, after = base.find(key), revision.find(key)
        if before and after:
            return self._compare_once(before, after, subject)
        if not before and not after:
            return ()
        shift = Shift.WIDENED if before else Shift.NARROWED
        what = f"`{subject}` {'may be anything' if before else 'has a schema now'}."
        return [self._difference("schema-presence-changed", shift, subject, what, before or base, after or revision)]

    def _compare_once(self, base: Place, revision: Place, subject: str) -> Sequence[Difference]:
        key = base.path, revision.path
        if key not in self._known:
            self._seen.clear()
            self._known[key] = tuple(self._schemas(join(base), join(revision), subject))
        return self._known[key]

    def _schemas(self, base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        # Schemas may hold themselves.
        if (base, revision) in self._seen:
            return
        self._seen.add((base, revision))
        yield from self._name(base, revision)
        subject = revision.place.component or subject
        pair = Pair(base, revision, self.mode)
        if [part.value for part in base.parts] == [part.value for part in revision.parts]:
            # Most schemas state the same, so that only what they refer to can differ.
            if not any(any(references_in(part.value)) for part in base.parts):
                return
        else:
            yield from compare_rest(base.parts, revision.parts, _COMPARED, self.mode, subject)
            # Where no rule tells how one choice became another, what else is new belongs to that.
            if pair.types_are_disjoint or not _is_chosen_otherwise(base, revision):
                yield from self._aspects(compare_values(pair), base, revision, subject)
        if not pair.types_are_disjoint:
            yield from self._objects(base, revision, subject)
            yield from self._items(base, revision, subject)
            yield from self._unions(base, revision, subject)

    def _name(self, base: Schema, revision: Schema) -> Iterator[Difference]:
        """Names of schemas are names of types to whoever generates a client."""
        name, named = base.place.component, revision.place.component
        if name is not None and name not in {part.component for part in revision.parts}:
            what = f"The schema `{name}` {f'is now called `{named}`' if named else 'has no name any more'}."
            yield self._difference("schema-renamed", Shift.REPLACED, name, what, base.place, revision.place)

    def _aspects(self, aspects: Iterable[Aspect], base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        for aspect in aspects:
            places = place_of(base, aspect.keyword), place_of(revision, aspect.keyword)
            yield self._difference(aspect.kind, aspect.shift, subject, f"`{subject}` {aspect.what}.", *places)

    def _objects(self, base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        old, new = base.properties, revision.properties
        before, after = self._visible(old), self._visible(new)
        for name in sorted(before - after):
            yield self._removed(name, old[name])
        for name in sorted(after - before):
            yield self._added(name, new[name], revision.required, is_closed=base.is_closed)
        apart = (old.keys() | new.keys()) - (before & after)
        yield from self._required(base, revision, apart)
        for name in sorted(before & after):
            yield from self._schemas(old[name], new[name], name)
        yield from self._additional(base, revision, subject)

    def _visible(self, properties: Mapping[str, Schema]) -> set[str]:
        return {name for name, each in properties.items() if not each.is_hidden(self.mode)}

    def _removed(self, name: str, gone: Schema) -> Difference:
        shift = Shift.NARROWED if self.mode is Mode.REQUEST else Shift.WIDENED
        return self._difference("property-removed", shift, name, f"The property `{name}` is gone.", gone.place, None)

    def _added(self, name: str, new: Schema, required: Collection[str], *, is_closed: bool) -> Difference:
        if name in required and self.mode is Mode.REQUEST:
            kind, shift, what = "required-property-added", Shift.NARROWED, "is new and required"
        elif is_closed:
            kind, shift, what = "property-added", Shift.WIDENED, "is new, in an object that had no others"
        else:
            kind, shift, what = "property-added", Shift.EXTENDED, "is new"
        return self._difference(kind, shift, name, f"The property `{name}` {what}.", None, new.place)

    def _required(self, base: Schema, revision: Schema, apart: set[str]) -> Iterator[Difference]:
        places = place_of(base, "required"), place_of(revision, "required")
        before, after = base.required - apart, revision.required - apart
        for name in sorted(after - before):
            what = f"The property `{name}` is now required."
            yield self._difference("property-became-required", Shift.NARROWED, name, what, *places)
        for name in sorted(before - after):
            what = f"The property `{name}` may now be absent."
            yield self._difference("property-became-optional", Shift.WIDENED, name, what, *places)

    def _additional(self, base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        before, after = base.additional, revision.additional
        if isinstance(before, Schema) and isinstance(after, Schema):
            yield from self._schemas(before, after, subject)
        elif not (isinstance(before, bool) and before == after):
            shift = Shift.NARROWED if before is True or after is False else Shift.WIDENED
            kind = "other-properties-restricted" if shift is Shift.NARROWED else "other-properties-allowed"
            places = (place_of(each, "additionalProperties") for each in (base, revision))
            what = f"`{subject}` {_openness(after)}, where it {_openness(before)}."
            yield self._difference(kind, shift, subject, what, *places)

    def _items(self, base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        before, after = base.stated("items"), revision.stated("items")
        if before and after:
            yield from self._schemas(join(*before), join(*after), subject)
        elif before or after:
            shift = Shift.WIDENED if before else Shift.NARROWED
            what = f"The items of `{subject}` {'may be anything' if before else 'have a schema now'}."
            places = place_of(base, "items"), place_of(revision, "items")
            yield self._difference("items-changed", shift, subject, what, *places)

    def _unions(self, base: Schema, revision: Schema, subject: str) -> Iterator[Difference]:
        if _is_chosen_otherwise(base, revision):
            what = f"`{subject}` chooses between schemas in another way."
            yield self._difference("choice-changed", Shift.UNDECIDED, subject, what, base.place, revision.place)
            return
        yield from self._aspects(compare_discriminators(base, revision), base, revision, subject)
        branches = match_branches(base, revision)
        for gone in branches.removed:
            what = f"`{subject}` can no longer be {_name(gone)}."
            yield self._difference("branch-removed", Shift.NARROWED, subject, what, gone, None)
        for new in branches.added:
            what = f"`{subject}` can also be {_name(new)}."
            yield self._difference("branch-added", Shift.WIDENED, subject, what, None, new)
        for one, other in branches.matched:
            yield from self._schemas(join(one), join(other), subject)

    def _difference(
        self, kind: str, shift: Shift, subject: str, what: str, base: Place | None, revision: Place | None
    ) -> Difference:
        return Difference(kind, shift, self.mode, subject, what, base, revision)


def _is_chosen_otherwise(base: Schema, revision: Schema) -> bool:
    """Whether the unions of two schemas cannot be compared branch by branch."""
    before, after = base.unions, revision.unions
    if [place.path[-1] for place in before] != [place.path[-1] for place in after]:
        return True
    return len(before) > 1 and [place.value for place in before] != [place.value for place in after]


def _name(branch: Place) -> str:
    return f"`{branch.component}`" if branch.component else f"a value of type `{branch.value.get('type', 'any')}`"


def _openness(additional: Schema | bool) -> str:  # noqa: FBT001  # it is a keyword's value
    if isinstance(additional, Schema):
        return "takes other properties of one schema"
    return "takes any other property" if additional else "takes no other property"
