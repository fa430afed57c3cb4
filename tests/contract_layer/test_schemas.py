"""The schema compiler, held against a plain reading of OpenAPI 3.0."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import Spec

TYPES = {"string": str, "boolean": bool, "array": list, "object": dict}
NAMES = ["a", "b", "type"]


def schemas(mode: Mode = Mode.REQUEST, **named: Any) -> Schemas:
    return Schemas(Spec({"paths": {}, "components": {"schemas": named}}, b""), mode)


def accepts(schema: dict[str, Any], value: Any, mode: Mode = Mode.REQUEST, **named: Any) -> bool:
    return schemas(mode, **named).validator(schema).is_valid(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def has_type(kind: str, value: Any) -> bool:
    if kind == "number":
        return is_number(value)
    if kind == "integer":
        return is_number(value) and value == int(value)
    return isinstance(value, TYPES[kind])


def within(schema: dict[str, Any], value: Any) -> bool:
    if not is_number(value):
        return True
    low, high = schema.get("minimum"), schema.get("maximum")
    above = low is None or value > low or (value == low and not schema.get("exclusiveMinimum"))
    below = high is None or value < high or (value == high and not schema.get("exclusiveMaximum"))
    return above and below


def same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def reads(schema: dict[str, Any], value: Any) -> bool:  # noqa: PLR0911  # one rule after another, as they are worded
    """Whether a value is valid, as OpenAPI 3.0 words it."""
    if value is None:
        return bool(schema.get("nullable"))
    if "allOf" in schema and not all(reads(part, value) for part in schema["allOf"]):
        return False
    if "type" in schema and not has_type(schema["type"], value):
        return False
    if "enum" in schema and not any(same(value, choice) for choice in schema["enum"]):
        return False
    if isinstance(value, list) and not all(reads(schema.get("items", ANY), item) for item in value):
        return False
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if not set(schema.get("required", ())) <= value.keys():
            return False
        if schema.get("additionalProperties") is False and not value.keys() <= properties.keys():
            return False
        if not all(reads(properties.get(name, ANY), item) for name, item in value.items()):
            return False
    return within(schema, value)


ANY = {"nullable": True}
numbers = st.integers(-3, 3) | st.sampled_from([-1.5, 0.5, 2.0])
plain = st.none() | st.booleans() | numbers | st.sampled_from(["", "x", "S3"])
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {key: item for part in found for key, item in part.items()})


nullable = optional(nullable=st.booleans())
numeric = merged(
    st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}),
    optional(
        minimum=st.integers(-2, 2),
        maximum=st.integers(-2, 2),
        exclusiveMinimum=st.booleans(),
        exclusiveMaximum=st.booleans(),
    ),
    nullable,
)
textual = merged(
    st.fixed_dictionaries({"type": st.just("string")}),
    optional(enum=st.lists(st.sampled_from(["x", "S3"]), min_size=1, unique=True)),
    nullable,
)
noise = optional(description=st.just("d"), example=st.just(5), deprecated=st.just(True), title=st.just("t"))


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = merged(
        st.fixed_dictionaries({"type": st.just("object")}),
        optional(
            properties=st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            required=st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=2),
            additionalProperties=st.booleans(),
        ),
        nullable,
    )
    arrays = merged(st.fixed_dictionaries({"type": st.just("array"), "items": inner}), nullable)
    both = merged(st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}), nullable)
    return objects | arrays | both


any_schema = merged(st.recursive(numeric | textual | noise | nullable, nested, max_leaves=4), noise)


@given(schema=any_schema, value=values)
def test_a_compiled_schema_accepts_what_openapi_3_0_says(schema, value):
    # A schema without a type says nothing about null, which JSON Schema lets pass.
    if "type" in schema or "allOf" in schema or value is not None:
        assert accepts(strict(schema), value) == reads(strict(schema), value)


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with a type at every place where the two dialects would differ about null."""
    if "type" not in schema and "allOf" not in schema:
        return schema | {"type": "object"}
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
    if "items" in schema:
        result["items"] = strict(schema["items"])
    if "allOf" in schema:
        result["allOf"] = [strict(each) for each in schema["allOf"]]
    return result


@given(depth=st.integers(0, 40), leaf=st.sampled_from([1, "x"]))
def test_a_recursive_schema_is_checked_to_any_depth(depth, leaf):
    node = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Node"}, "n": {"type": "integer"}}}
    value: dict[str, Any] = {"n": leaf}
    for _ in range(depth):
        value = {"child": value}
    assert accepts({"$ref": "#/components/schemas/Node"}, value, Node=node) == (leaf == 1)


@given(name=st.sampled_from(["nullable", "example", "$ref_", "readOnly", "discriminator", "x-y", "type", "required"]))
def test_a_property_may_be_called_like_a_keyword(name):
    schema = {"type": "object", "properties": {name: {"type": "integer"}}, "required": [name]}
    assert accepts(schema, {name: 1})
    assert not accepts(schema, {name: "x"})
    assert not accepts(schema, {})


SECRET = {
    "type": "object",
    "required": ["id", "key"],
    "properties": {"id": {"type": "string", "readOnly": True}, "key": {"$ref": "#/components/schemas/Key"}},
}
KEY = {"type": "string", "writeOnly": True}


@pytest.mark.parametrize(
    ("mode", "value", "valid"),
    [
        (Mode.REQUEST, {"key": "k"}, True),
        (Mode.REQUEST, {"id": "i"}, False),
        (Mode.RESPONSE, {"id": "i"}, True),
        (Mode.RESPONSE, {"id": "i", "key": "k"}, False),
        (Mode.RESPONSE, {"key": "k"}, False),
    ],
)
def test_read_only_and_write_only_properties_go_one_way(mode, value, valid):
    assert accepts(SECRET, value, mode, Key=KEY) is valid


CHOICE = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {"propertyName": "type", "mapping": {"cat": "Cat"}},
}
PETS = {
    "Cat": {"type": "object", "required": ["type", "lives"], "properties": {"lives": {"type": "integer"}}},
    "Dog": {"type": "object", "required": ["type"], "properties": {"lives": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"type": "cat", "lives": 7}, True),
        ({"type": "Dog", "lives": "one"}, True),
        ({"type": "Cat", "lives": 7}, False),
        ({"type": "Dog", "lives": 7}, False),
        ({"type": "cat"}, False),
        ({"type": None}, False),
        ({"lives": 7}, False),
        ("cat", False),
        (None, False),
    ],
)
def test_a_discriminator_chooses_the_one_schema_that_applies(value, valid):
    assert accepts(CHOICE, value, **PETS) is valid


@pytest.mark.parametrize("schema", [CHOICE, {"$ref": "#/components/schemas/Cat"}])
def test_null_is_accepted_only_where_it_is_allowed(schema):
    assert accepts({"allOf": [schema], "nullable": True}, None, **PETS)
    assert not accepts({"allOf": [schema]}, None, **PETS)
    assert accepts(CHOICE | {"nullable": True}, None, **PETS)


def test_null_belongs_to_a_nullable_enum_that_does_not_list_it():
    assert accepts({"type": "string", "enum": ["a"], "nullable": True}, None)
    assert not accepts({"type": "string", "enum": ["a"]}, None)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("uuid", "019caf10-3d38-7b1c-8e57-90a4c2d1f6ab", "019caf103d387b1c8e5790a4c2d1f6ab"),
        ("date-time", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00"),
        ("date", "2026-03-02", "2026-3-2"),
        ("uri", "https://example.com/x", "not a uri"),
        ("email", "a@example.com", "a"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
    ],
)
def test_formats_are_checked(kind, good, bad):
    schema = {"type": "string", "format": kind}
    assert accepts(schema, good)
    assert not accepts(schema, bad)


@pytest.mark.parametrize(("width", "limit"), [("int32", 2**31), ("int64", 2**63)])
def test_the_width_of_an_integer_bounds_it(width, limit):
    schema = {"type": "integer", "format": width}
    assert accepts(schema, limit - 1)
    assert accepts(schema, -limit)
    assert not accepts(schema, limit)
    assert not accepts(schema, -limit - 1)


def test_a_pattern_ends_where_the_text_ends():
    assert not accepts({"type": "string", "pattern": "^[a-z]+$"}, "abc\n")


def test_equal_schemas_share_a_validator():
    compiled = schemas()
    assert compiled.validator({"type": "string"}) is compiled.validator({"type": "string", "description": "other"})
