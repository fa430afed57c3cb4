from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import Invalid
from batch_exports.domain.times import (
    is_timezone,
    local_time,
    read_aware_time,
    read_date,
    read_time,
)

moments = st.datetimes(datetime(1971, 1, 2), datetime(2198, 1, 1), timezones=st.timezones())  # noqa: DTZ001  # aware by strategy


@given(moments)
def test_an_iso_time_is_read_back_in_utc(moment):
    assert read_time(moment.isoformat(), attr="after") == moment
    assert read_aware_time(moment.isoformat()).tzinfo is UTC


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_readable_refusal(text):
    try:
        moment = read_time(text, attr="after")
    except Invalid as error:
        assert error.attr == "after"
    else:
        assert moment.tzinfo is UTC


def test_a_naive_time_is_utc_where_that_is_allowed_and_refused_where_not():
    assert read_time("2026-01-01T00:00:00", attr="start_at") == datetime(2026, 1, 1, tzinfo=UTC)
    assert read_time("2026-01-01", attr="after") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid, match="is naive"):
        read_aware_time("2026-01-01T00:00:00")


def test_a_date_with_a_time_is_refused_with_advice():
    with pytest.raises(Invalid, match="expect only the date component"):
        read_date("2026-01-01T00:00:00")
    with pytest.raises(Invalid, match=r"is not a valid ISO formatted date\.$"):
        read_date("yesterday")


def test_a_local_hour_is_found_in_utc():
    assert local_time(read_date("2026-07-01"), 3, "Europe/Berlin") == datetime(2026, 7, 1, 1, tzinfo=UTC)


def test_only_zones_of_the_iana_database_are_known():
    assert is_timezone("Europe/Berlin")
    assert not is_timezone("Europe/Atlantis")
    assert not is_timezone("../etc/passwd")
    assert not is_timezone("localtime")
