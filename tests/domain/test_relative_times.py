from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import Invalid
from batch_exports.domain.relative_times import read_relative_time

NOW = datetime(2026, 11, 23, 5, 41, 7, 123, tzinfo=UTC)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # aware by strategy


@given(st.text(max_size=40) | st.from_regex(r"-?[0-9]{0,6}[hdwmqysMHDWQY](Start|End)?", fullmatch=True), moments)
def test_any_text_is_a_time_or_a_readable_refusal(text, now):
    try:
        moment = read_relative_time(text, now, attr="after")
    except Invalid as error:
        assert error.attr == "after"
        assert error.detail
    else:
        assert moment is None or moment.tzinfo is UTC


@given(st.sampled_from("sMhdwmqy"), moments, st.integers(0, 9))
def test_a_moment_lies_between_the_edges_of_its_unit_and_the_next_unit_follows(unit, now, amount):
    def read(text):
        return read_relative_time(text, now, attr="after")

    start, end = read(f"-{amount}{unit}Start"), read(f"-{amount}{unit}End")
    assert start <= read(f"-{amount}{unit}") <= end
    assert read_relative_time(f"{unit}Start", end, attr="after") == start
    following = end + timedelta(microseconds=1)
    assert read_relative_time(f"{unit}Start", following, attr="after") == following


@given(st.sampled_from("hdwqy"), moments, st.integers(0, 9), st.sampled_from(["", "Start", "End"]))
def test_the_case_of_a_letter_does_not_matter_but_for_months_and_minutes(unit, now, amount, edge):
    lower, upper = (read_relative_time(f"{amount}{each}{edge}", now, attr="after") for each in (unit, unit.upper()))
    assert lower == upper == read_relative_time(f"-{amount}{unit}{edge}", now, attr="after")
    assert now - read_relative_time("-1M", now, attr="after") == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-24h", NOW - timedelta(days=1)),
        ("-7d", NOW - timedelta(days=7)),
        ("-2w", NOW - timedelta(days=14)),
        ("-1m", datetime(2026, 10, 23, 5, 41, 7, 123, tzinfo=UTC)),
        ("-9m", datetime(2026, 2, 23, 5, 41, 7, 123, tzinfo=UTC)),
        ("-1q", datetime(2026, 8, 23, 5, 41, 7, 123, tzinfo=UTC)),
        ("-1y", datetime(2025, 11, 23, 5, 41, 7, 123, tzinfo=UTC)),
        ("-1dStart", datetime(2026, 11, 22, tzinfo=UTC)),
        ("-1dEnd", datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC)),
        ("-1hStart", datetime(2026, 11, 23, 4, tzinfo=UTC)),
        ("-0wStart", datetime(2026, 11, 22, tzinfo=UTC)),
        ("-0mStart", datetime(2026, 11, 1, tzinfo=UTC)),
        ("-0mEnd", datetime(2026, 11, 30, 23, 59, 59, 999999, tzinfo=UTC)),
        ("-0qStart", datetime(2026, 10, 1, tzinfo=UTC)),
        ("-1yStart", datetime(2025, 1, 1, tzinfo=UTC)),
        ("-1yEnd", datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("-90s", datetime(2026, 11, 23, 5, 39, 37, 123, tzinfo=UTC)),
        ("-30M", datetime(2026, 11, 23, 5, 11, 7, 123, tzinfo=UTC)),
        ("-1MStart", datetime(2026, 11, 23, 5, 40, tzinfo=UTC)),
        ("sEnd", datetime(2026, 11, 23, 5, 41, 7, 999999, tzinfo=UTC)),
        ("d", NOW),
        ("dStart", datetime(2026, 11, 23, tzinfo=UTC)),
        ("-mStart", datetime(2026, 11, 1, tzinfo=UTC)),
        ("yStart", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("all", None),
    ],
)
def test_relative_times_count_back_from_now(text, expected):
    assert read_relative_time(text, NOW, attr="after") == expected


def test_the_last_day_of_a_short_month_stands_in_for_a_missing_one():
    assert read_relative_time("-1m", datetime(2026, 3, 31, tzinfo=UTC), attr="after") == datetime(
        2026, 2, 28, tzinfo=UTC
    )
