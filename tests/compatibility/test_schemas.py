"""What changes of one schema mean, for who sends it and for who reads it."""

import pytest

from batch_exports.compatibility.comparison import compare
from tests.compatibility.documents import small, verdicts

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
NODE = {"$ref": "#/components/schemas/Node"}
OBJECT = {"type": "object"}


def thing(**properties):
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({}, TEXT),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": "string", "nullable": True}, TEXT),
        ({"type": "string", "nullable": True, "enum": ["a", None]}, {"type": "string", "enum": ["a"]}),
        (TEXT, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}),
        (TEXT, {"type": "string", "maxLength": 9}),
        ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}),
        ({"type": "string", "minLength": 1}, {"type": "string", "minLength": 2}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 1, "exclusiveMinimum": True}),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 9, "exclusiveMaximum": True}),
        ({"type": "integer", "format": "int64"}, {"type": "integer", "format": "int32"}),
        (TEXT, {"type": "string", "format": "uuid"}),
        (TEXT, {"type": "string", "pattern": "^a$"}),
        (NUMBER, {"type": "integer", "multipleOf": 2}),
        ({"type": "array"}, {"type": "array", "items": TEXT}),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}),
        ({"type": "array", "items": {}}, {"type": "array", "items": TEXT}),
        (OBJECT, {"type": "object", "additionalProperties": False}),
        (OBJECT, {"type": "object", "additionalProperties": TEXT}),
        ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": False}),
        ({"type": "object", "additionalProperties": {}}, {"type": "object", "additionalProperties": TEXT}),
        (thing(a=TEXT), {**thing(a=TEXT), "required": ["a"]}),
        (thing(a=TEXT), thing(a={"type": "string", "maxLength": 9})),
        ({"oneOf": [TEXT, NUMBER]}, {"oneOf": [TEXT]}),
        ({"anyOf": [TEXT, NUMBER]}, {"anyOf": [{"type": "string", "maxLength": 9}, NUMBER]}),
        (TEXT, {"allOf": [TEXT, {"maxLength": 9}]}),
        ({"allOf": [OBJECT, thing(a=TEXT)]}, {"allOf": [OBJECT, thing(a=TEXT), {"required": ["a"]}]}),
    ],
)
def test_a_narrower_schema_breaks_senders_and_a_wider_one_readers(wide, narrow):
    assert verdicts(wide, narrow) == ("breaking", "compatible")
    assert verdicts(narrow, wide) == ("compatible", "breaking")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEXT, NUMBER),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}),
        (thing(a=TEXT), thing(a=NUMBER)),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": NUMBER}),
    ],
)
def test_what_is_replaced_breaks_both(one, other):
    assert verdicts(one, other) == verdicts(other, one) == ("breaking", "breaking")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "pattern": "^a$"}, {"type": "string", "pattern": "^b$"}),
        (TEXT, {"oneOf": [TEXT, NUMBER]}),
        ({"oneOf": [TEXT, NUMBER]}, {"anyOf": [TEXT, NUMBER]}),
        ({"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}),
        ({}, {"not": TEXT}),
        (OBJECT, {"type": "object", "patternProperties": {}}),
    ],
)
def test_what_cannot_be_decided_says_so_and_counts_as_breaking(one, other):
    comparison = compare(small(one), small(other))
    assert comparison.is_breaking
    undecided = [each for each in comparison.changes if each.verdict == "undecided"]
    assert undecided
    assert all("cannot be decided" in each.explanation.concerns.lower() for each in undecided)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"allOf": [thing(a=TEXT), {**thing(b=NUMBER), "required": ["b"]}]},
            {**thing(a=TEXT, b=NUMBER), "required": ["b"]},
        ),
        ({"allOf": [TEXT, {"maxLength": 9}]}, {"type": "string", "maxLength": 9}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["b", "a"]}),
        ({"oneOf": [TEXT, NUMBER]}, {"oneOf": [NUMBER, TEXT]}),
        ({"type": "string", "minLength": 0}, TEXT),
        ({"type": "object", "additionalProperties": True}, OBJECT),
        ({"allOf": [{"type": "string", "nullable": True}, TEXT]}, TEXT),
    ],
)
def test_the_same_in_other_words_is_no_change(one, other):
    assert verdicts(one, other) == verdicts(other, one) == (None, None)


def test_a_schema_that_is_moved_into_a_component_is_no_change():
    assert compare(small(thing(a=TEXT)), small(NODE, Node=thing(a=TEXT))).changes == ()
    inline, named = {"oneOf": [TEXT, thing(a=TEXT)]}, {"oneOf": [TEXT, NODE]}
    assert compare(small(inline), small(named, Node=thing(a=TEXT))).changes == ()


def test_a_schema_that_holds_itself_is_compared_once():
    tree = thing(value=TEXT, next=NODE, all={"type": "array", "items": NODE})
    changed = thing(value=NUMBER, next=NODE, all={"type": "array", "items": NODE})
    changes = compare(small(NODE, Node=tree), small(NODE, Node=changed)).changes
    assert {(each.subject, each.kind, each.mode) for each in changes} == {
        ("value", "type-changed", "request"),
        ("value", "type-changed", "response"),
    }


def test_a_schema_that_joins_itself_comes_to_an_end():
    assert compare(small(NODE, Node={"allOf": [NODE, TEXT]}), small(NODE, Node={"allOf": [NODE, TEXT]})).changes == ()


def test_two_schemas_that_hold_each_other_are_compared_to_the_end():
    def pair(leaf):
        return {"Node": thing(other={"$ref": "#/components/schemas/Other"}), "Other": thing(node=NODE, leaf=leaf)}

    assert compare(small(NODE, **pair(TEXT)), small(NODE, **pair(TEXT))).changes == ()
    assert {each.subject for each in compare(small(NODE, **pair(TEXT)), small(NODE, **pair(NUMBER))).changes} == {
        "leaf"
    }


def test_what_is_only_read_does_not_concern_senders():
    base, revision = thing(a={**TEXT, "readOnly": True}), thing(a={**NUMBER, "readOnly": True})
    assert verdicts(base, revision) == (None, "breaking")
    assert verdicts(thing(), {**thing(a={**TEXT, "readOnly": True}), "required": ["a"]}) == (None, "compatible")


def test_what_is_only_sent_does_not_concern_readers():
    assert verdicts(thing(a={**TEXT, "writeOnly": True}), thing()) == ("breaking", None)


def test_a_property_that_becomes_read_only_is_gone_for_senders():
    assert verdicts(thing(a=TEXT), thing(a={**TEXT, "readOnly": True})) == ("breaking", None)


def test_a_new_property_breaks_readers_of_an_object_that_had_no_others():
    closed = {"additionalProperties": False}
    assert verdicts({**thing(), **closed}, {**thing(a=TEXT), **closed}) == ("compatible", "breaking")
    assert verdicts(thing(), thing(a=TEXT)) == ("compatible", "compatible")


def test_a_branch_that_gets_another_name_is_the_same_by_its_discriminator():
    def union(name):
        target = f"#/components/schemas/{name}"
        return {"oneOf": [{"$ref": target}], "discriminator": {"propertyName": "kind", "mapping": {"a": target}}}

    def kinds(one, other):
        return {each.kind for each in compare(small(union("A"), A=one), small(union("B"), B=other)).changes}

    branch = {**thing(kind=TEXT), "required": ["kind"]}
    assert kinds(branch, branch) == {"schema-renamed"}
    changed = {**thing(kind=TEXT, more=TEXT), "required": ["kind", "more"]}
    assert kinds(branch, changed) == {"schema-renamed", "required-property-added", "property-added"}


def test_a_name_of_a_schema_that_is_joined_by_another_is_kept():
    assert compare(small(NODE, Node=thing(a=TEXT)), small({"allOf": [NODE]}, Node=thing(a=TEXT))).changes == ()


def test_a_schema_that_loses_its_name_breaks_generated_clients():
    (change, _) = compare(small(NODE, Node=thing(a=TEXT)), small(thing(a=TEXT))).changes
    assert (change.kind, change.what) == ("schema-renamed", "The schema `Node` has no name any more.")


def test_what_cannot_be_decided_about_a_choice_is_told_alone():
    changes = compare(small({"type": "string", "minLength": 3}), small({"anyOf": [TEXT, NUMBER]})).changes
    assert {each.kind for each in changes} == {"choice-changed"}
