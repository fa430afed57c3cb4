"""Query and header parameters: what is understood, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.checks import Checks
from batch_exports.contract.errors import ApiError
from batch_exports.contract.params import HeaderReader, Parameter
from batch_exports.contract.request import Request
from tests.contract_layer.asgi import scope_of
from tests.contract_layer.lab import ID, MANY, Client, lab_app, lab_spec

DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


async def test_absent_parameters_have_their_defaults(client):
    got = (await client.get(MANY)).json
    assert (got["limit"], got["done"], got["status"], got["since"]) == (100, None, None, None)


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("limit=5", "limit", 5),
        ("limit=1000", "limit", 1000),
        ("done=true", "done", True),
        ("done=false", "done", False),
        ("ratio=-0.5", "ratio", -0.5),
        ("ratio=3", "ratio", 3.0),
        ("since=2026-03-02T00:00:00Z", "since", "2026-03-02T00:00:00Z"),
        ("since=2026-03-02T00:00:00%2B02:00", "since", "2026-03-02T00:00:00+02:00"),
        ("class=a%20b%2Bc+d", "class", "a b+c d"),
        ("class=%C3%A4", "class", "ä"),
        ("status=Failed", "status", ["Failed"]),
        ("status=Failed&status=Running", "status", ["Failed", "Running"]),
        ("level=a", "level", ["a"]),
        ("level=a,b", "level", ["a", "b"]),
        ("level=a,,b", "level", ["a", "", "b"]),
        (f"owner={ID}", "owner", ID),
        ("&&limit=5&", "limit", 5),
    ],
)
async def test_a_parameter_arrives_as_its_schema_declares(client, query, name, value):
    assert (await client.get(f"{MANY}?{query}")).json[name] == value


async def test_a_uuid_in_a_query_arrives_as_one(client):
    assert (await client.get(f"{MANY}?owner={ID}")).json["owner_is"] == "UUID"


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ("limit=x", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=%201", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=1_0", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=01", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=%2B1", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=%D9%A1", "invalid_input", "A valid integer is required.", "limit"),
        ("limit=" + "1" * 5000, "invalid_input", "A valid integer is required.", "limit"),
        ("limit=0", "min_value", "Ensure this value is greater than or equal to 1.", "limit"),
        ("limit=1001", "max_value", "Ensure this value is less than or equal to 1000.", "limit"),
        ("limit=1&limit=2", "invalid_input", "This parameter may be given only once.", "limit"),
        ("done=True", "invalid_input", "Must be a valid boolean.", "done"),
        ("done=1", "invalid_input", "Must be a valid boolean.", "done"),
        ("ratio=nan", "invalid_input", "A valid number is required.", "ratio"),
        ("ratio=inf", "invalid_input", "A valid number is required.", "ratio"),
        ("ratio=1e5", "invalid_input", "A valid number is required.", "ratio"),
        ("since=yesterday", "invalid_input", DATETIME, "since"),
        ("owner=7", "invalid_input", "Must be a valid UUID.", "owner"),
        ("class=", "blank", "This field may not be blank.", "class"),
        ("class=%00", "invalid_input", "Null characters are not allowed.", "class"),
        ("status=Gone", "invalid_choice", '"Gone" is not a valid choice.', "status__0"),
        ("status=Failed&status=", "invalid_choice", '"" is not a valid choice.', "status__1"),
        ("level=", "empty", "This list may not be empty.", "level"),
        ("nope=1", "invalid_input", "Unknown query parameter/s: 'nope'", "nope"),
        ("b=1&a=2&limit=1", "invalid_input", "Unknown query parameter/s: 'a', 'b'", "a"),
        ("Limit=1", "invalid_input", "Unknown query parameter/s: 'Limit'", "Limit"),
    ],
)
async def test_a_parameter_that_is_not_valid_is_named(client, query, code, detail, attr):
    assert (await client.get(f"{MANY}?{query}")).problem == (400, code, detail, attr)


@pytest.mark.parametrize("query", ["class=%ff", "%ff=1", "limit=1&" * 101, "class=\u00e4".encode("latin-1")])
async def test_a_query_that_is_no_text_is_refused(client, query):
    raw = query if isinstance(query, bytes) else query.encode("latin-1")
    assert (await client.get(MANY, query_string=raw)).status == 400


async def test_a_parameter_that_an_operation_ignores_changes_nothing(client):
    assert (await client.get(f"{MANY}?habit=x&habit=&limit=5")).json["limit"] == 5


async def test_a_query_that_an_operation_does_not_declare_is_refused_everywhere(client):
    assert (await client.get(f"{MANY}special/?x=1")).problem[3] == "x"


async def test_a_header_is_an_argument_named_in_small_letters_and_null_when_absent(client):
    assert (await client.get(MANY)).json["tag"] is None
    assert (await client.get(MANY, (b"if-match", b'"3"'))).json["tag"] == '"3"'


async def test_a_header_given_twice_arrives_joined(client):
    assert (await client.get(MANY, (b"if-match", b'"3"'), (b"if-match", b'"4"'))).json["tag"] == '"3", "4"'


async def test_one_header_does_not_hide_the_absence_of_another(client):
    got = (await client.get(MANY, (b"x-page-size", b"9"))).json
    assert (got["size"], got["tag"]) == (9, None)


def test_a_header_that_is_required_is_missed_by_its_name():
    spec = lab_spec()
    declared = {"name": "X-Reason", "in": "header", "required": True, "schema": {"type": "string"}}
    reader = HeaderReader([Parameter(declared, spec, Checks(spec))])
    assert not reader.may_be_absent
    with pytest.raises(ApiError) as refused:
        reader.read(Request(scope_of("GET", MANY), None), {})
    assert (refused.value.code, refused.value.attr) == ("required", "X-Reason")
    arguments = {}
    reader.read(Request(scope_of("GET", MANY, [(b"x-reason", b"because")]), None), arguments)
    assert arguments == {"x_reason": "because"}


async def test_a_header_may_be_an_integer(client):
    assert (await client.get(MANY, (b"x-page-size", b"9"))).json["size"] == 9


@pytest.mark.parametrize(("value", "code"), [(b"x", "invalid_input"), (b"10", "max_value"), (b"1, 2", "invalid_input")])
async def test_a_header_that_is_not_valid_is_named(client, value, code):
    assert (await client.get(MANY, (b"x-page-size", value))).problem[1::2] == (code, "X-Page-Size")


APP = lab_app()


@given(raw=st.binary(max_size=60))
async def test_no_query_breaks_the_server(raw):
    assert (await Client(APP).get(MANY, query_string=raw)).status in {200, 400}


@given(
    limit=st.integers(1, 1000), done=st.booleans(), status=st.lists(st.sampled_from(["Running", "Failed"]), min_size=1)
)
async def test_what_is_sent_is_what_arrives(limit, done, status):
    query = f"limit={limit}&done={str(done).lower()}" + "".join(f"&status={each}" for each in status)
    got = (await Client(APP).get(f"{MANY}?{query}")).json
    assert (got["limit"], got["done"], got["status"]) == (limit, done, status)
