from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import frozen_clock
from mock_server.ids import SeededIds

START = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


def drawn(seed, pauses):
    clock = frozen_clock(START)
    ids = SeededIds(clock, seed)
    made = []
    for milliseconds in pauses:
        clock.advance(timedelta(milliseconds=milliseconds))
        clock.settle(clock.target())
        made.append(ids())
    return made


@given(st.integers(), st.lists(st.integers(0, 3), max_size=50))
def test_ids_rise_and_are_version_7(seed, pauses):
    made = drawn(seed, pauses)
    assert made == sorted(set(made))
    assert all(each.version == 7 and each.variant == RFC_4122 for each in made)


@given(st.integers(), st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_the_same_seed_and_times_give_the_same_ids(seed, pauses):
    assert drawn(seed, pauses) == drawn(seed, pauses)
    assert drawn(seed, pauses) != drawn(seed + 1, pauses)


def test_ids_rise_beyond_what_one_millisecond_can_count():
    ids = SeededIds(frozen_clock(START))
    made = [ids() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_an_id_of_the_past_sorts_before_one_of_the_present():
    ids = SeededIds(frozen_clock(START))
    now = ids()
    assert ids.at(START - timedelta(milliseconds=1)) < now < ids()


def test_a_fork_goes_on_from_the_same_point():
    clock = frozen_clock(START)
    ids = SeededIds(clock, 7)
    ids()
    fork = ids.fork(clock.fork())
    assert [ids() for _ in range(3)] == [fork() for _ in range(3)]
