"""Compares the parameters of an operation."""

from collections.abc import Iterator

from batch_exports.compatibility.annotations import compare_rest
from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.operations import Operation
from batch_exports.compatibility.places import Place
from batch_exports.compatibility.requirement_comparison import compare_requirement
from batch_exports.compatibility.schema_comparison import SchemaComparison
from batch_exports.contract.schemas import Mode

_COMPARED = frozenset({"name", "in", "required", "schema", "style", "explode", "allowReserved", "allowEmptyValue"})
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
IGNORED = "x-ignored-parameters"


def compare_parameters(base: Operation, revision: Operation, requests: SchemaComparison) -> Iterator[Difference]:
    """What has changed about what an operation is asked with beside its body."""
    before, after = base.parameters, revision.parameters
    for key in sorted(before.keys() - after.keys()):
        name = before[key].value["name"]
        what = f"The {key[0]} parameter `{name}` is gone."
        yield Difference("parameter-removed", Shift.NARROWED, Mode.REQUEST, name, what, before[key], None)
    for key in sorted(after.keys() - before.keys()):
        yield _added(after[key])
    for key in sorted(before.keys() & after.keys()):
        yield from _parameter(before[key], after[key], requests)
    yield from _ignored(base, revision)


def _added(new: Place) -> Difference:
    name, is_required = new.value["name"], new.value.get("required", False)
    kind, shift = ("required-parameter-added", Shift.NARROWED) if is_required else ("parameter-added", Shift.EXTENDED)
    what = f"The {new.value['in']} parameter `{name}` is new{' and required' if is_required else ''}."
    return Difference(kind, shift, Mode.REQUEST, name, what, None, new)


def _parameter(before: Place, after: Place, requests: SchemaComparison) -> Iterator[Difference]:
    old, name = before.value["name"], after.value["name"]
    if old != name:
        what = f"The path parameter `{old}` is now called `{name}`."
        yield Difference("path-parameter-renamed", Shift.REPLACED, Mode.REQUEST, name, what, before, after)
    yield from compare_requirement(before, after, Mode.REQUEST, "parameter", name, f"The parameter `{name}`")
    if _serialization(before) != _serialization(after):
        what = f"`{name}` is written in another way ({_style(after)}, was {_style(before)})."
        yield Difference("parameter-style-changed", Shift.REPLACED, Mode.REQUEST, name, what, before, after)
    yield from compare_rest([before], [after], _COMPARED, Mode.REQUEST, name)
    yield from requests.compare("schema", before, after, name)


def _serialization(parameter: Place) -> tuple[str, bool, bool, bool]:
    value = parameter.value
    style = value.get("style", _STYLES[value["in"]])
    return (
        style,
        value.get("explode", style == "form"),
        value.get("allowReserved", False),
        value.get("allowEmptyValue", False),
    )


def _style(parameter: Place) -> str:
    style, explode, *_ = _serialization(parameter)
    return f"`{style}`, {'exploded' if explode else 'in one piece'}"


def _ignored(base: Operation, revision: Operation) -> Iterator[Difference]:
    """Query parameters that change nothing: whatever is not listed is refused."""
    before, after = (set(each.place.value.get(IGNORED, ())) for each in (base, revision))
    places = base.place, revision.place
    known = {name for _, name in revision.parameters}
    for name in sorted(before - after - known):
        what = f"`{revision.id}` refuses the query parameter `{name}`, which it ignored."
        yield Difference("ignored-parameter-removed", Shift.NARROWED, Mode.REQUEST, name, what, *places)
    for name in sorted(after - before):
        what = f"`{revision.id}` ignores the query parameter `{name}`."
        yield Difference("ignored-parameter-added", Shift.WIDENED, Mode.REQUEST, name, what, *places)
