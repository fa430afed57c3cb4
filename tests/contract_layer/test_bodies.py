"""Request bodies: strict JSON, and the first error in the order of the schema's fields."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError
from batch_exports.contract.json_text import parse_json
from batch_exports.contract.request import Limits
from tests.contract_layer.asgi import call, scope_of
from tests.contract_layer.lab import BUCKET, ID, JSON, MANY, NEW, ONE, Client, lab_app

LIMITS = Limits()


def raw(**changes):
    return orjson.dumps(NEW | changes)


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"nonsense", b"{'a': 1}", b"[1,]", b"\xff\xfe{\x00}\x00", b'{"name": "\xff"}', b"\xef\xbb\xbf{}",
        b'{"name": NaN}', b'{"name": Infinity}', b'{"name": "\\ud800"}', b'{"name": "\\u0000"}', b'{"\\u0000": 1}',
        b'{"offset": ' + b"1" * 5000 + b"}", b'{"offset": 1e999}', b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"name": "a", "name": "b"}', b'{"extra": {"a": 1, "a": 1}}', b'{"a": 1, "\\u0061": "\\u003a"}',
        b'{"a": "\\u003A", "a": 1}', b"   ",
    ],
)  # fmt: skip
async def test_what_is_not_strict_json_is_a_parse_error(client, text):
    answer = await client.post(MANY, text)
    assert answer.problem[:2] == (400, "parse_error")
    assert answer.json["type"] == "invalid_request"
    assert answer.problem[2].startswith("JSON parse error - ")
    assert answer.problem[3] is None


@pytest.mark.parametrize(
    "extra", [{"x": "\\u0000"}, {"a:b": ":"}, {"x": "[{[{" * 100}, {"x": "\u0001"}, {"n": -0.5e-3}]
)
async def test_what_only_looks_suspicious_is_accepted(client, extra):
    assert (await client.post(MANY, raw(extra=extra))).status == 201


async def test_an_optional_body_may_be_left_out(client):
    assert (await client.send("PATCH", ONE)).json == {"id": ID, "body": None}


async def test_without_a_body_its_type_does_not_matter(client):
    assert (await client.send("PATCH", ONE, (b"content-type", b"text/plain"))).json["body"] is None


async def test_a_required_body_that_is_absent_lacks_its_first_field(client):
    assert (await client.post(MANY, b"")).problem == (400, "required", "This field is required.", "name")


@pytest.mark.parametrize(
    ("field", "detail"),
    [("code", "A code is made of small letters."), ("plain", "This value does not match the required pattern.")],
)
async def test_what_does_not_match_a_pattern_is_refused_in_the_words_beside_it(client, field, detail):
    answer = await client.post(MANY, raw(**{field: "A1"}))
    assert answer.problem == (400, "invalid_input", detail, field)


async def test_an_integer_written_as_a_fraction_arrives_as_an_integer(client):
    text = orjson.dumps(NEW)[:-1] + b', "offset": 5.0, "tags": ["a.0"], "extra": {"deep": [1.0, 1.5, 1e300]}}'
    assert (await client.post(MANY, text)).status == 201
    parsed = parse_json(text, LIMITS)
    assert type(parsed["offset"]) is int
    assert list(map(type, parsed["extra"]["deep"])) == [int, float, float]


UNKNOWN = "Configuration has unknown field/s: 'colour', 'shape'"


@pytest.mark.parametrize(
    ("body", "code", "detail", "attr"),
    [
        ({}, "required", "This field is required.", "name"),
        ({"name": "x"}, "required", "This field is required.", "destination"),
        ([], "invalid_input", "Invalid data. Expected a dictionary, but got list.", None),
        (None, "null", "This field may not be null.", None),
        (NEW | {"name": None}, "null", "This field may not be null.", "name"),
        (NEW | {"name": ""}, "blank", "This field may not be blank.", "name"),
        (NEW | {"name": " \t"}, "blank", "This field may not be blank.", "name"),
        (NEW | {"name": 5}, "invalid_input", "Not a valid string.", "name"),
        (NEW | {"name": "x" * 21}, "max_length", "Ensure this field has no more than 20 characters.", "name"),
        (NEW | {"interval": "month"}, "invalid_choice", '"month" is not a valid choice.', "interval"),
        (NEW | {"interval": 7}, "invalid_choice", '"7" is not a valid choice.', "interval"),
        (NEW | {"interval": None}, "null", "This field may not be null.", "interval"),
        (NEW | {"interval": "z" * 500}, "invalid_choice", f'"{"z" * 100}..." is not a valid choice.', "interval"),
        (NEW | {"paused": "yes"}, "invalid_input", "Must be a valid boolean.", "paused"),
        (NEW | {"offset": 24}, "max_value", "Ensure this value is less than or equal to 23.", "offset"),
        (NEW | {"offset": -1}, "min_value", "Ensure this value is greater than or equal to 0.", "offset"),
        (NEW | {"offset": "5"}, "invalid_input", "A valid integer is required.", "offset"),
        (NEW | {"offset": 1.5}, "invalid_input", "A valid integer is required.", "offset"),
        (NEW | {"offset": True}, "invalid_input", "A valid integer is required.", "offset"),
        (NEW | {"ratio": 0}, "min_value", "Ensure this value is greater than 0.", "ratio"),
        (NEW | {"ratio": "x"}, "invalid_input", "A valid number is required.", "ratio"),
        (NEW | {"owner": "x"}, "invalid_input", "Must be a valid UUID.", "owner"),
        (NEW | {"day": "2026-02-30"}, "invalid_input",
         "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.", "day"),
        (NEW | {"tags": []}, "empty", "This list may not be empty.", "tags"),
        (NEW | {"tags": {}}, "not_a_list", 'Expected a list of items but got type "dict".', "tags"),
        (NEW | {"tags": ["a", 5]}, "invalid_input", "Not a valid string.", "tags__1"),
        (NEW | {"tags": ["a", "a"]}, "invalid_input", "The items must be unique.", "tags"),
        (NEW | {"tags": ["a", "b", "c", "d"]}, "max_length", "Ensure this field has no more than 3 elements.", "tags"),
        (NEW | {"step": 7}, "invalid_input", "Ensure this value is a multiple of 5.", "step"),
        (NEW | {"target": "ab"}, "min_length", "Ensure this field has at least 3 characters.", "target"),
        (NEW | {"target": {}}, "required", "This field is required.", "target__url"),
        (NEW | {"target": 5}, "invalid_input", "Not a valid string.", "target"),
        (NEW | {"parent": {"child": {"depth": 2**31}}}, "max_value",
         "Ensure this value is less than or equal to 2147483647.", "parent__child__depth"),
        (NEW | {"destination": None}, "null", "This field may not be null.", "destination"),
        (NEW | {"destination": {}}, "required", "This field is required.", "destination__type"),
        (NEW | {"destination": {"type": "Fax"}}, "invalid_choice", '"Fax" is not a valid choice.', "destination__type"),
        (NEW | {"destination": {"type": [5]}}, "invalid_choice", '"[5]" is not a valid choice.', "destination__type"),
        (NEW | {"destination": {"type": "S3"}}, "required", "This field is required.", "destination__config"),
        (NEW | {"destination": {"type": "S3", "config": {"region": "x"}}},
         "required", "This field is required.", "destination__config__bucket_name"),
        (NEW | {"destination": {"type": "S3", "config": {"bucket_name": "", "region": "x"}}},
         "blank", "This field may not be blank.", "destination__config__bucket_name"),
        (NEW | {"destination": {"type": "S3", "config": BUCKET["config"] | {"shape": 1, "colour": 2}}},
         "invalid_input", UNKNOWN, "destination__config"),
        (NEW | {"destination": BUCKET | {"sort": 1}}, "invalid_input",
         "Destination has unknown field/s: 'sort'", "destination"),
        (NEW | {"destination": {"type": "Postgres", "config": {"host": "h", "port": 65536}}},
         "max_value", "Ensure this value is less than or equal to 65535.", "destination__config__port"),
    ],
)  # fmt: skip
async def test_the_first_thing_that_is_wrong_is_said_in_posthogs_words(client, body, code, detail, attr):
    answer = await client.post(MANY, orjson.dumps(body))
    assert answer.problem == (400, code, detail, attr)
    assert answer.json["type"] == "validation_error"


async def test_a_closed_body_names_what_it_does_not_know(client):
    scope = scope_of("PATCH", ONE, [*client.credentials, JSON])
    answer = await call(client.app, scope, b'{"note": "x", "nope": 1}')
    assert answer.problem == (400, "invalid_input", "Request has unknown field/s: 'nope'", None)


async def test_errors_come_in_the_order_of_the_schema_not_of_the_body(client):
    body = {
        "tags": 5,
        "offset": 99,
        "interval": "x",
        "destination": {"type": "S3", "config": {"max_size": "x"}},
        "name": 5,
    }
    seen = []
    for name, repair in [("name", "ok"), ("destination", BUCKET), ("interval", "day"), ("offset", 1), ("tags", ["a"])]:
        seen.append((await client.post(MANY, orjson.dumps(body))).problem[3])
        body[name] = repair
    assert seen == ["name", "destination__config__bucket_name", "interval", "offset", "tags"]
    assert (await client.post(MANY, orjson.dumps(body))).status == 201


async def test_a_handler_may_hold_a_value_against_a_schema_of_the_contract(client):
    answer = await client.post(MANY, raw(name="check"))
    assert answer.problem == (400, "required", "This field is required.", "destination__config__bucket_name")


APP = lab_app()
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(value=values)
def test_strict_json_is_read_as_any_reader_would(value):
    assert parse_json(json.dumps(value).encode(), LIMITS) == value
    assert parse_json(orjson.dumps(value), LIMITS) == value


@given(value=st.dictionaries(texts, values, min_size=1, max_size=4), data=st.data())
def test_a_repeated_key_never_passes(value, data):
    name = data.draw(st.sampled_from(sorted(value)))
    text = json.dumps(value)[:-1] + f", {json.dumps(name)}: {json.dumps(data.draw(values))}}}"
    with pytest.raises(ApiError, match="appears twice"):
        parse_json(text.encode(), LIMITS)


@given(depth=st.integers(1, 60), limit=st.integers(1, 60))
def test_nesting_is_bounded_exactly(depth, limit):
    text = b"[" * depth + b'"[[\\"[[{{"' + b"]" * depth
    if depth <= limit:
        parse_json(text, Limits(nesting=limit))
    else:
        with pytest.raises(ApiError, match="nested deeper"):
            parse_json(text, Limits(nesting=limit))


@given(raw_body=st.binary(max_size=80))
async def test_no_bytes_break_the_server(raw_body):
    assert (await Client(APP).post(MANY, raw_body)).status == 400


@given(
    changes=st.dictionaries(st.sampled_from(["name", "destination", "interval", "tags", "offset", "parent"]), values)
)
async def test_no_value_breaks_the_server_or_its_error_messages(changes):
    answer = await Client(APP).post(MANY, orjson.dumps(NEW | changes))
    assert answer.status in {201, 400}
    if answer.status == 400:
        assert answer.json["attr"].split("__")[0] in changes


@pytest.mark.parametrize("extra", [list(range(101)), {str(key): 1 for key in range(101)}, [[[0] * 60], [0] * 40]])
async def test_a_body_with_too_many_values_is_refused_before_each_is_looked_at(extra):
    client = Client(lab_app(limits=Limits(values=100)))
    answer = await client.post(MANY, raw(extra=extra))
    assert answer.problem == (400, "invalid_input", "The request body holds more than 100 values.", None)


@given(value=values)
def test_entries_of_objects_and_lists_are_counted_and_texts_are_not(value):
    def entries(each):
        inner = each if isinstance(each, list) else each.values() if isinstance(each, dict) else ()
        return len(inner) + sum(map(entries, inner))

    text = orjson.dumps(value)
    parse_json(text, Limits(values=entries(value)))
    if entries(value):
        with pytest.raises(ApiError, match="more than"):
            parse_json(text, Limits(values=entries(value) - 1))


async def test_a_text_full_of_commas_is_one_value():
    client = Client(lab_app(limits=Limits(values=100)))
    assert (await client.post(MANY, raw(extra={"x": "[,{" * 500}))).status == 201


async def test_of_many_unknown_fields_a_few_are_named(client):
    body = orjson.dumps({f"x{number:04}": 1 for number in range(4000)})
    answer = await call(client.app, scope_of("PATCH", ONE, [*client.credentials, JSON]), body)
    assert answer.problem[1] == "invalid_input"
    assert "'x0000', 'x0001'" in answer.problem[2]
    assert len(answer.body) < 1000
