"""Compares two documents: servers, security schemes, and operation by operation."""

from collections.abc import Iterator

from batch_exports.compatibility.access_comparison import SCOPES, compare_access, compare_schemes
from batch_exports.compatibility.annotations import compare_rest, compare_shown
from batch_exports.compatibility.content_comparison import compare_bodies, compare_responses
from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.operations import METHODS, Operation, components, operations
from batch_exports.compatibility.parameter_comparison import IGNORED, compare_parameters
from batch_exports.compatibility.places import Place
from batch_exports.compatibility.schema_comparison import SchemaComparison
from batch_exports.contract.schemas import Mode

_DOCUMENT = frozenset({"openapi", "info", "servers", "security", "paths", "components"})
_INFO = frozenset({"version"})
_ITEM = frozenset({*METHODS, "parameters"})
_OPERATION = frozenset({
    "operationId", "tags", "parameters", "requestBody", "responses", "security", SCOPES, IGNORED,
})  # fmt: skip
_SHOWN = ("examples", "links")

Found = tuple[str | None, Difference]
"""The operation that a difference is about, if it is about one."""


def compare_documents(base: Place, revision: Place) -> Iterator[Found]:
    """Every difference, each with its operation; what several operations share comes once for each."""
    yield from ((None, each) for each in _around(base, revision))
    requests, answers = SchemaComparison(Mode.REQUEST), SchemaComparison(Mode.RESPONSE)
    before, after = operations(base), operations(revision)
    for key in sorted(before.keys() - after.keys()):
        gone = before[key]
        what = f"{gone.method.upper()} {gone.template} is gone."
        yield gone.id, Difference("operation-removed", Shift.NARROWED, Mode.REQUEST, gone.id, what, gone.place, None)
    for key in sorted(after.keys() - before.keys()):
        new = after[key]
        what = f"{new.method.upper()} {new.template} is new."
        yield new.id, Difference("operation-added", Shift.EXTENDED, Mode.REQUEST, new.id, what, None, new.place)
    for key in sorted(before.keys() & after.keys()):
        yield from ((after[key].id, each) for each in _operation(before[key], after[key], requests, answers))


def _operation(
    base: Operation, revision: Operation, requests: SchemaComparison, answers: SchemaComparison
) -> Iterator[Difference]:
    yield from compare_rest([base.place], [revision.place], _OPERATION, Mode.REQUEST, revision.id)
    yield from compare_rest([base.item], [revision.item], _ITEM, Mode.REQUEST, revision.id)
    yield from _names(base, revision)
    yield from compare_access(base, revision)
    yield from compare_parameters(base, revision, requests)
    yield from compare_bodies(base, revision, requests)
    yield from compare_responses(base, revision, answers)


def _names(base: Operation, revision: Operation) -> Iterator[Difference]:
    """What has changed about where a generated client has the operation."""
    places = base.place, revision.place
    if base.id != revision.id:
        what = f"`{base.id}` is now called `{revision.id}`."
        yield Difference("operation-id-changed", Shift.REPLACED, Mode.REQUEST, revision.id, what, *places)
    if base.tags[:1] != revision.tags[:1]:
        what = f"`{revision.id}` has the tag {_first(revision.tags)}, was {_first(base.tags)}."
        yield Difference("tag-changed", Shift.REPLACED, Mode.REQUEST, revision.id, what, *places)
    elif base.tags != revision.tags:
        what = f"`{revision.id}` has other tags."
        yield Difference("annotation-changed", Shift.ANNOTATED, Mode.REQUEST, revision.id, what, *places)


def _first(tags: list[str]) -> str:
    return f"`{tags[0]}`" if tags else "none"


def _around(base: Place, revision: Place) -> Iterator[Difference]:
    """What stands around the operations."""
    yield from compare_rest([base], [revision], _DOCUMENT, Mode.REQUEST, "the document")
    yield from compare_rest([base["info"]], [revision["info"]], _INFO, Mode.REQUEST, "info")
    yield from _servers(base, revision)
    yield from compare_schemes(base, revision)
    for section in _SHOWN:
        yield from compare_shown(*(components(each, section) for each in (base, revision)))


def _servers(base: Place, revision: Place) -> Iterator[Difference]:
    before, after = ({place.value["url"]: place for place in _listed(each)} for each in (base, revision))
    for url in sorted(before.keys() - after.keys()):
        what = f"The server `{url}` is gone."
        yield Difference("server-removed", Shift.NARROWED, Mode.REQUEST, url, what, before[url], None)
    for url in sorted(after.keys() - before.keys()):
        what = f"The server `{url}` is new."
        yield Difference("server-added", Shift.EXTENDED, Mode.REQUEST, url, what, None, after[url])
    for url in sorted(before.keys() & after.keys()):
        yield from compare_rest([before[url]], [after[url]], {"url"}, Mode.REQUEST, url)


def _listed(document: Place) -> list[Place]:
    return list(document["servers"].items()) if "servers" in document else []
