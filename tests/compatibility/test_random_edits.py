"""Edits at random places of the contract: each gets the verdict of its kind, there and nowhere else."""

from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batch_exports.compatibility.comparison import compare
from tests.compatibility.documents import CONTRACT, append, at, changes_of, drop, edited, put, together
from tests.spec.document import operations

EXAMPLES = settings(max_examples=8)


@dataclass(frozen=True)
class Labelled:
    """An edit with what it must get."""

    edit: Any
    kind: str
    verdict: str
    mode: str | None
    pointer: str

    def is_among(self, changes):
        found = {(each.kind, each.verdict, each.mode, each.pointer) for each in changes}
        return (self.kind, self.verdict, self.mode, self.pointer) in found


def _escaped(key):
    return str(key).replace("~", "~0").replace("/", "~1")


def _schemas(pointer, found):
    """The pointers of a schema and of all that it reaches, with references followed."""
    node = at(CONTRACT.document, pointer)
    while "$ref" in node:
        pointer = node["$ref"]
        node = at(CONTRACT.document, pointer)
    if pointer in found:
        return found
    found[pointer] = node
    inner = [f"properties/{name}" for name in node.get("properties", ())] + ["items"] * ("items" in node)
    inner += [f"{union}/{number}" for union in ("oneOf", "anyOf") for number in range(len(node.get(union, ())))]
    for each in inner:
        _schemas(f"{pointer}/{each}", found)
    return found


def _place(operation):
    return f"#/paths/{_escaped(operation.path)}/{operation.method}"


def _sent():
    found = {}
    for name in CONTRACT.document["components"]["parameters"]:
        _schemas(f"#/components/parameters/{name}/schema", found)
    for name in CONTRACT.document["components"]["requestBodies"]:
        _schemas(f"#/components/requestBodies/{name}/content/application~1json/schema", found)
    return found


def _read():
    found = {}
    for each in operations():
        for status, answer in each.successes.items():
            if "content" in answer:
                _schemas(f"{_place(each)}/responses/{status}/content/application~1json/schema", found)
    return found


SENT, READ = _sent(), _read()


def _having(schemas, keyword):
    return st.sampled_from([pointer for pointer, schema in schemas.items() if schema.get(keyword)])


@st.composite
def tightened_bounds(draw):
    pointer = draw(_having(SENT, "maxLength"))
    limit = at(CONTRACT.document, pointer)["maxLength"]
    return Labelled(put(pointer, maxLength=limit - 1), "bound-tightened", "breaking", "request", f"{pointer}/maxLength")


@st.composite
def loosened_bounds(draw):
    pointer = draw(_having(SENT, "maxLength"))
    limit = at(CONTRACT.document, pointer)["maxLength"]
    return Labelled(
        put(pointer, maxLength=limit + 1), "bound-loosened", "compatible", "request", f"{pointer}/maxLength"
    )


@st.composite
def removed_choices(draw):
    pointer = draw(_having(SENT, "enum"))
    value = draw(st.sampled_from([each for each in at(CONTRACT.document, pointer)["enum"] if each is not None]))
    return Labelled(drop(f"{pointer}/enum", value), "enum-value-removed", "breaking", "request", f"{pointer}/enum")


@st.composite
def added_choices(draw):
    pointer = draw(_having(READ, "enum"))
    return Labelled(append(f"{pointer}/enum", "Newest"), "enum-value-added", "breaking", "response", f"{pointer}/enum")


@st.composite
def removed_properties(draw):
    schemas, mode = draw(st.sampled_from([(SENT, "request"), (READ, "response")]))
    pointer = draw(_having(schemas, "properties"))
    name = draw(st.sampled_from(sorted(schemas[pointer]["properties"])))
    place = f"{pointer}/properties/{name}"
    return Labelled(drop(f"{pointer}/properties", name), "property-removed", "breaking", mode, place)


@st.composite
def optional_properties(draw):
    pointer = draw(_having(READ, "required"))
    name = draw(st.sampled_from(READ[pointer]["required"]))
    return Labelled(
        drop(f"{pointer}/required", name), "property-became-optional", "breaking", "response", f"{pointer}/required"
    )


@st.composite
def new_required_properties(draw):
    pointer = draw(_having(SENT, "properties"))
    edit = together(
        put(f"{pointer}/properties", colour={"type": "string"}),
        lambda document: at(document, pointer).setdefault("required", []).append("colour"),
    )
    return Labelled(edit, "required-property-added", "breaking", "request", f"{pointer}/properties/colour")


@st.composite
def nulls(draw):
    pointer = draw(_having({key: each for key, each in READ.items() if not each.get("nullable")}, "type"))
    assume("enum" not in READ[pointer])
    return Labelled(put(pointer, nullable=True), "null-added", "breaking", "response", f"{pointer}/nullable")


@st.composite
def other_words(draw):
    pointer = draw(_having(SENT | READ, "description"))
    return Labelled(
        put(pointer, description="Other words."), "annotation-changed", "documentation", None, f"{pointer}/description"
    )


@st.composite
def removed_operations(draw):
    operation = draw(st.sampled_from(operations()))
    place = _place(operation)
    return Labelled(drop(place.rpartition("/")[0], operation.method), "operation-removed", "breaking", "request", place)


@st.composite
def removed_statuses(draw):
    operation = draw(st.sampled_from(operations()))
    status = draw(st.sampled_from(sorted(operation.node["responses"])))
    verdict = "breaking" if status < "300" else "compatible"
    place = f"{_place(operation)}/responses"
    return Labelled(drop(place, status), "status-removed", verdict, "response", f"{place}/{status}")


@st.composite
def new_scopes(draw):
    operation = draw(st.sampled_from(operations()))
    place = f"{_place(operation)}/x-required-scopes"
    return Labelled(append(place, "admin:all"), "scope-added", "breaking", "request", place)


@st.composite
def new_required_parameters(draw):
    operation = draw(st.sampled_from([each for each in operations() if "parameters" in each.node]))
    place = f"{_place(operation)}/parameters"
    number = len(operation.node["parameters"])
    new = {"name": "colour", "in": "query", "required": True, "schema": {"type": "string"}}
    return Labelled(append(place, new), "required-parameter-added", "breaking", "request", f"{place}/{number}")


standing = st.one_of(
    tightened_bounds(), loosened_bounds(), removed_choices(), added_choices(), optional_properties(),
    new_required_properties(), nulls(), other_words(), new_scopes(), new_required_parameters(),
)  # fmt: skip
removals = st.one_of(removed_properties(), removed_operations(), removed_statuses())
edits = standing | removals


@settings(max_examples=25)
@given(edits)
def test_a_random_edit_gets_its_label_at_its_place_and_nothing_else_does(labelled):
    changes = changes_of(labelled.edit)
    assert labelled.is_among(changes)
    assert {each.pointer for each in changes} == {labelled.pointer}


@EXAMPLES
@given(standing, standing)
def test_two_edits_are_both_found(one, other):
    assume(not one.pointer.startswith(other.pointer) and not other.pointer.startswith(one.pointer))
    changes = changes_of(one.edit, other.edit)
    assert one.is_among(changes)
    assert other.is_among(changes)


@EXAMPLES
@given(removals, standing)
def test_a_removal_is_found_whatever_else_is_edited(removal, other):
    assert removal.is_among(changes_of(other.edit, removal.edit))


def test_the_same_document_has_no_changes():
    assert compare(CONTRACT, edited()).changes == ()


@EXAMPLES
@given(st.data())
def test_no_keyword_of_a_schema_disappears_unseen(data):
    pointer = data.draw(st.sampled_from(sorted(SENT | READ)))
    schema = at(CONTRACT.document, pointer)
    meaningful = [key for key, value in schema.items() if (key, value) != ("additionalProperties", True)]
    assume(meaningful)
    key = data.draw(st.sampled_from(meaningful))
    assert changes_of(drop(pointer, key)), (pointer, key)
