"""Compares bodies: of requests, and of the answers with each status, with their headers."""

from collections.abc import Iterator

from batch_exports.compatibility.annotations import compare_rest
from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.operations import Operation
from batch_exports.compatibility.places import Place
from batch_exports.compatibility.requirement_comparison import compare_requirement
from batch_exports.compatibility.schema_comparison import SchemaComparison
from batch_exports.contract.schemas import Mode

_BODY = frozenset({"required", "content"})
_MEDIA = frozenset({"schema"})
_RESPONSE = frozenset({"headers", "content"})
_HEADER = frozenset({"required", "schema"})
_FIRST_ERROR = "4"


def compare_bodies(base: Operation, revision: Operation, requests: SchemaComparison) -> Iterator[Difference]:
    """What has changed about the body of a request."""
    before, after = base.place.find("requestBody"), revision.place.find("requestBody")
    subject = revision.id
    if before and after:
        yield from compare_rest([before], [after], _BODY, Mode.REQUEST, subject)
        yield from compare_requirement(before, after, Mode.REQUEST, "body", subject, f"The body of `{subject}`")
        yield from _contents(before, after, requests, subject)
    elif before:
        what = f"`{subject}` takes no body any more."
        yield Difference("body-removed", Shift.NARROWED, Mode.REQUEST, subject, what, before, None)
    elif after:
        shift = Shift.NARROWED if after.value.get("required", False) else Shift.EXTENDED
        yield Difference("body-added", shift, Mode.REQUEST, subject, f"`{subject}` takes a body.", None, after)


def compare_responses(base: Operation, revision: Operation, answers: SchemaComparison) -> Iterator[Difference]:
    """What has changed about the answers."""
    before, after = _statuses(base), _statuses(revision)
    subject = revision.id
    for status in sorted(before.keys() - after.keys()):
        shift = Shift.NARROWED if status >= _FIRST_ERROR else Shift.REPLACED
        what = f"`{subject}` no longer answers with the status {status}."
        yield Difference("status-removed", shift, Mode.RESPONSE, subject, what, before[status], None)
    for status in sorted(after.keys() - before.keys()):
        is_covered = f"{status[0]}XX" in before or "default" in before
        shift = Shift.NARROWED if is_covered else Shift.WIDENED
        what = f"`{subject}` can answer with the status {status}."
        yield Difference("status-added", shift, Mode.RESPONSE, subject, what, None, after[status])
    for status in sorted(before.keys() & after.keys()):
        yield from _response(before[status], after[status], answers, subject)


def _statuses(operation: Operation) -> dict[str, Place]:
    declared = operation.place.entries_of("responses")
    return {status: place for status, place in declared.items() if not status.startswith("x-")}


def _contents(before: Place, after: Place, schemas: SchemaComparison, subject: str) -> Iterator[Difference]:
    """The media types of a body, and their schemas."""
    mode, old, new = schemas.mode, before.entries_of("content"), after.entries_of("content")
    for name in sorted(old.keys() - new.keys()):
        shift = Shift.NARROWED if mode is Mode.REQUEST else Shift.WIDENED
        what = f"`{subject}` has no `{name}` any more."
        yield Difference("media-type-removed", shift, mode, subject, what, old[name], None)
    for name in sorted(new.keys() - old.keys()):
        what = f"`{subject}` can also have `{name}`."
        yield Difference("media-type-added", Shift.EXTENDED, mode, subject, what, None, new[name])
    for name in sorted(old.keys() & new.keys()):
        yield from compare_rest([old[name]], [new[name]], _MEDIA, mode, subject)
        yield from schemas.compare("schema", old[name], new[name], subject)


def _response(before: Place, after: Place, answers: SchemaComparison, subject: str) -> Iterator[Difference]:
    yield from compare_rest([before], [after], _RESPONSE, Mode.RESPONSE, subject)
    yield from _contents(before, after, answers, subject)
    old, new = before.entries_of("headers"), after.entries_of("headers")
    for name in sorted(old.keys() - new.keys()):
        what = f"The header `{name}` is gone."
        yield Difference("header-removed", Shift.WIDENED, Mode.RESPONSE, name, what, old[name], None)
    for name in sorted(new.keys() - old.keys()):
        what = f"The header `{name}` is new."
        yield Difference("header-added", Shift.EXTENDED, Mode.RESPONSE, name, what, None, new[name])
    for name in sorted(old.keys() & new.keys()):
        yield from _header(name, old[name], new[name], answers)


def _header(name: str, before: Place, after: Place, answers: SchemaComparison) -> Iterator[Difference]:
    yield from compare_requirement(before, after, Mode.RESPONSE, "header", name, f"The header `{name}`")
    yield from compare_rest([before], [after], _HEADER, Mode.RESPONSE, name)
    yield from answers.compare("schema", before, after, name)
