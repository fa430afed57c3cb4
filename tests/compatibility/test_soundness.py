"""The verdict against the facts: values that one version takes and the other refuses, as a validator sees them."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batch_exports.compatibility.comparison import compare
from batch_exports.contract.schemas import Mode, Schemas
from tests.compatibility.documents import small, verdicts

TEXTS = ["", "a", "b", "ab", "abc"]
NUMBERS = [-1, 0, 1, 2, 3, 4, 0.5]
SCALARS = [None, True, False, *TEXTS, *NUMBERS]
VALUES = [
    *SCALARS,
    *([], [1], [1, 1], ["a"], [None], ["a", 1], [[]]),
    *({}, {"a": 1}, {"a": "a"}, {"a": None}, {"a": "abc", "z": 1}, {"z": 1}, {"a": {"a": "a"}}, {"a": {}}),
]

lengths = st.fixed_dictionaries({}, optional={"minLength": st.integers(0, 3), "maxLength": st.integers(0, 3)})
bounds = st.fixed_dictionaries(
    {},
    optional={
        "minimum": st.integers(-1, 3),
        "maximum": st.integers(0, 4),
        "exclusiveMinimum": st.booleans(),
        "exclusiveMaximum": st.booleans(),
    },
).map(lambda each: {key: each[key] for key in each if not key.startswith("ex") or key[9:].lower() in each})
nulls = st.fixed_dictionaries({}, optional={"nullable": st.just(True)})


def stated(kinds, keywords):
    """Schemas of some types with some keywords, or null beside."""
    return st.builds(lambda kind, rest, null: {"type": kind, **rest, **null}, st.sampled_from(kinds), keywords, nulls)


choices = st.lists(st.sampled_from(TEXTS), min_size=1, unique=True).map(lambda values: {"enum": values})
scalars = st.one_of(
    stated(["string"], lengths | choices), stated(["integer", "number"], bounds), stated(["boolean"], st.just({}))
)


def inside(inner):
    """Schemas that hold others; objects always declare the same property, since what is new is a case of its own."""
    arrays = st.fixed_dictionaries(
        {}, optional={"items": inner, "minItems": st.integers(0, 2), "uniqueItems": st.booleans()}
    )
    objects = st.fixed_dictionaries(
        {"properties": inner.map(lambda schema: {"a": schema})},
        optional={"required": st.just(["a"]), "additionalProperties": st.booleans() | inner},
    )
    unions = st.builds(
        lambda keyword, branches: {keyword: branches},
        st.sampled_from(["anyOf", "allOf", "oneOf"]),
        st.lists(inner, min_size=1, max_size=2),
    )
    return stated(["array"], arrays) | stated(["object"], objects) | unions


schemas = st.just({}) | st.recursive(scalars, inside, max_leaves=3)


@st.composite
def versions(draw):
    """Two schemas that have something to do with each other, more often than not."""
    base = draw(schemas)
    if not base or draw(st.booleans()):
        return base, draw(schemas)
    key = draw(st.sampled_from(sorted(base)))
    other = draw(schemas)
    return base, {
        **{name: value for name, value in base.items() if name != key},
        **({key: other[key]} if key in other else {}),
    }


def taken(schema):
    """Which of the values a validator takes."""
    validator = Schemas(small(schema), Mode.RESPONSE).validator(schema)
    return [validator.is_valid(value) for value in VALUES]


@settings(max_examples=150)
@given(versions())
def test_what_is_refused_from_now_on_breaks_senders_and_what_is_new_breaks_readers(pair):
    base, revision = pair
    before, after = taken(base), taken(revision)
    sender, reader = verdicts(base, revision)
    refused = [value for value, was, is_now in zip(VALUES, before, after, strict=True) if was and not is_now]
    new = [value for value, was, is_now in zip(VALUES, before, after, strict=True) if is_now and not was]
    assert not refused or sender in {"breaking", "undecided"}, (pair, refused)
    assert not new or reader in {"breaking", "undecided"}, (pair, new)


@settings(max_examples=30)
@given(schemas)
def test_no_schema_differs_from_itself(schema):
    assert compare(small(schema), small(schema)).changes == ()


@settings(max_examples=40)
@given(versions())
def test_there_and_back_are_opposite(pair):
    base, revision = pair
    # A property that comes or goes is judged by convention: senders and readers alike may rely on it.
    assume(not any("property-" in each.kind for each in compare(small(base), small(revision)).changes))
    assert verdicts(base, revision) == tuple(reversed(verdicts(revision, base))), pair
