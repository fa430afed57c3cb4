from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import Invalid
from batch_exports.domain.times import (
    is_timezone,
    local_time,
    read_aware_time,
    read_date,
    read_relative_time,
    read_time,
)

NOW = datetime(2026, 11, 23, 5, 41, 7, 123, tzinfo=UTC)
moments = st.datetimes(datetime(1971, 1, 2), datetime(2198, 1, 1), timezones=st.timezones())  # noqa: DTZ001  # aware by strategy


@given(moments)
def test_an_iso_time_is_read_back_in_utc(moment):
    assert read_time(moment.isoformat(), attr="after") == moment
    assert read_aware_time(moment.isoformat()).tzinfo is UTC


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_readable_refusal(text):
    for read in (read_time, lambda text, attr: read_relative_time(text, NOW, attr=attr)):
        try:
            moment = read(text, attr="after")
        except Invalid as error:
            assert error.attr == "after"
        else:
            assert moment is None or moment.tzinfo is UTC


def test_a_naive_time_is_utc_where_that_is_allowed_and_refused_where_not():
    assert read_time("2026-01-01T00:00:00", attr="start_at") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid, match="is naive"):
        read_aware_time("2026-01-01T00:00:00")


def test_a_date_with_a_time_is_refused_with_advice():
    with pytest.raises(Invalid, match="expect only the date component"):
        read_date("2026-01-01T00:00:00")
    with pytest.raises(Invalid, match=r"is not a valid ISO formatted date\.$"):
        read_date("yesterday")


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
        ("all", None),
    ],
)
def test_relative_times_count_back_from_now(text, expected):
    assert read_relative_time(text, NOW, attr="after") == expected


def test_the_last_day_of_a_short_month_stands_in_for_a_missing_one():
    assert read_relative_time("-1m", datetime(2026, 3, 31, tzinfo=UTC), attr="after") == datetime(
        2026, 2, 28, tzinfo=UTC
    )


def test_a_local_hour_is_found_in_utc():
    assert local_time(read_date("2026-07-01"), 3, "Europe/Berlin") == datetime(2026, 7, 1, 1, tzinfo=UTC)


def test_only_zones_of_the_iana_database_are_known():
    assert is_timezone("Europe/Berlin")
    assert not is_timezone("Europe/Atlantis")
    assert not is_timezone("../etc/passwd")
