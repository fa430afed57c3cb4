"""Cursors: what was put in comes out, and nothing else is a cursor."""

import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError
from batch_exports.contract.paging import decode_cursor, encode_cursor

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
parts = st.lists(texts | st.integers(-(2**53) + 1, 2**53 - 1), min_size=1, max_size=4)


def refuses(text: str, length: int = 1) -> bool:
    with pytest.raises(ApiError) as caught:
        decode_cursor(text, length)
    return (caught.value.status, caught.value.code, caught.value.detail) == (404, "not_found", "Invalid cursor")


@given(values=parts)
def test_a_cursor_gives_back_what_it_was_made_of(values):
    cursor = encode_cursor(values)
    assert decode_cursor(cursor, len(values)) == values
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursor.isascii()


@given(values=parts, other=st.integers(0, 6))
def test_a_cursor_of_another_list_is_not_valid(values, other):
    assume(other != len(values))
    assert refuses(encode_cursor(values), other)


@given(text=st.text(max_size=60))
def test_any_other_text_is_an_invalid_cursor(text):
    assert refuses(text)


@given(raw=st.binary(max_size=60))
def test_any_other_bytes_are_an_invalid_cursor(raw):
    assert refuses(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@pytest.mark.parametrize("value", [[1.5], [True], [None], [[1]], [{"a": 1}], [2**53], ["\0"], {"a": 1}, "x", 1])
def test_values_that_no_cursor_carries_are_refused(value):
    raw = json.dumps(value, separators=(",", ":")).encode()
    assert refuses(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(values=parts, place=st.integers(0, 200), letter=st.sampled_from("aZ0_-=+/ \n\u00e4"))
def test_a_changed_cursor_is_another_cursor_or_none(values, place, letter):
    cursor = encode_cursor(values)
    changed = cursor[: place % len(cursor)] + letter + cursor[place % len(cursor) + 1 :]
    assume(changed != cursor)
    try:
        assert decode_cursor(changed, len(values)) != values
    except ApiError as error:
        assert error.status == 404


@given(values=parts)
def test_one_position_has_one_cursor(values):
    written_otherwise = json.dumps(values, indent=1).encode()
    assert refuses(base64.urlsafe_b64encode(written_otherwise).decode().rstrip("="), len(values))


def test_a_very_long_text_is_refused_unread():
    assert refuses("A" * 100_000)
