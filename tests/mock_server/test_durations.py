from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.durations import format_duration, parse_duration

LENGTHS = st.timedeltas(timedelta(0), timedelta(days=100_000))
UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@given(LENGTHS)
def test_what_is_written_reads_as_the_same_length(length):
    assert parse_duration(format_duration(length)) == length


@given(st.integers(0, 99_999), st.sampled_from(sorted(UNITS)))
def test_a_number_with_its_unit_is_so_many_of_it(number, unit):
    assert parse_duration(f"{number}{unit}") == timedelta(**{UNITS[unit]: number})


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT90M", timedelta(minutes=90)),
        ("P1DT12H", timedelta(days=1, hours=12)),
        ("P2W", timedelta(weeks=2)),
        ("PT0.25S", timedelta(milliseconds=250)),
        ("1.5s", timedelta(milliseconds=1500)),
        ("800ms", timedelta(milliseconds=800)),
        ("0s", timedelta(0)),
    ],
)
def test_durations_are_iso_8601_or_short(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "1", "h", "-1h", "1 h", "1y", "P1Y", "P1M", "PT1H30", "٣h", "1h\n"]
)
def test_anything_else_is_refused_with_advice(text):
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["999999999w", "142857143w"])
def test_what_no_clock_can_show_is_refused(text):
    with pytest.raises(ValueError, match="shorter"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(days=2), "P2D"),
        (timedelta(days=1, minutes=90, milliseconds=5), "P1DT1H30M0.005S"),
    ],
)
def test_lengths_are_written_as_iso_8601(length, text):
    assert format_duration(length) == text
