"""Compares who may use an operation: the security schemes and scopes that it asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_exports.compatibility.annotations import compare_rest
from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.operations import Operation, components
from batch_exports.compatibility.places import Place
from batch_exports.contract.schemas import Mode

SCOPES = "x-required-scopes"
_WORDS = frozenset({"description", "bearerFormat"})
_IMPLIED = {"write": "read"}
"""A scope that ends in the first includes the one that ends in the second."""

Requirement = Mapping[str, Sequence[str]]


def compare_access(base: Operation, revision: Operation) -> Iterator[Difference]:
    """What has changed about the credentials of one operation."""
    yield from _alternatives(base, revision)
    yield from _scopes(base, revision)


def compare_schemes(base: Place, revision: Place) -> Iterator[Difference]:
    """What has changed about how credentials are presented, in the schemes that both documents declare."""
    before, after = (components(each, "securitySchemes") for each in (base, revision))
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        yield from compare_rest([old], [new], set(old.value | new.value) - _WORDS, Mode.REQUEST, name)
        if _mechanism(old.value) != _mechanism(new.value):
            what = f"The security scheme `{name}` works in another way."
            yield Difference("security-scheme-changed", Shift.REPLACED, Mode.REQUEST, name, what, old, new)


def _mechanism(scheme: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scheme.items() if key not in _WORDS and not key.startswith("x-")}


def _alternatives(base: Operation, revision: Operation) -> Iterator[Difference]:
    before, after = base.security, revision.security
    places = base.place, revision.place
    lost = [one for one in before if not any(_suffices(one, other) for other in after)]
    if lost:
        what = f"`{revision.id}` no longer lets in {_alternative(lost[0])} alone."
        yield Difference("security-tightened", Shift.NARROWED, Mode.REQUEST, revision.id, what, *places)
    elif before != after:
        what = f"`{revision.id}` lets in more kinds of credentials."
        yield Difference("security-loosened", Shift.EXTENDED, Mode.REQUEST, revision.id, what, *places)


def _suffices(credentials: Requirement, requirement: Requirement) -> bool:
    return all(name in credentials and set(scopes) <= set(credentials[name]) for name, scopes in requirement.items())


def _alternative(requirement: Requirement) -> str:
    return " with ".join(f"`{name}`" for name in requirement) or "requests without credentials"


def _scopes(base: Operation, revision: Operation) -> Iterator[Difference]:
    before, after = (_granted(each.place.value.get(SCOPES, ())) for each in (base, revision))
    places = _scopes_at(base), _scopes_at(revision)
    for scope in sorted(after - before):
        what = f"`{revision.id}` needs the scope `{scope}`."
        yield Difference("scope-added", Shift.NARROWED, Mode.REQUEST, revision.id, what, *places)
    for scope in sorted(before - after):
        what = f"`{revision.id}` no longer needs the scope `{scope}`."
        yield Difference("scope-removed", Shift.WIDENED, Mode.REQUEST, revision.id, what, *places)


def _granted(scopes: Sequence[str]) -> set[str]:
    """The scopes, and those that they include."""
    included = set()
    for scope in scopes:
        subject, _, action = scope.rpartition(":")
        if action in _IMPLIED:
            included.add(f"{subject}:{_IMPLIED[action]}")
    return included | set(scopes)


def _scopes_at(operation: Operation) -> Place:
    return operation.place.find(SCOPES) or operation.place
