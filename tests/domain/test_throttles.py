"""Requests are granted within fixed windows, whatever the order in which they and the clocks come."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.throttles import (
    HOUR,
    LARGEST_LEASE,
    MINUTE,
    NO_LIMITS,
    RateLimits,
    Window,
    give_back,
    take,
    take_lease,
)

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
limits_of_any_size = st.builds(RateLimits, st.integers(0, 60), st.integers(0, 300)).filter(lambda one: one.windows)
steps = st.tuples(st.floats(-5, 100).map(lambda seconds: timedelta(seconds=seconds)), st.integers(0, 40))


@given(limits_of_any_size, st.lists(steps, max_size=60))
def test_no_window_ever_grants_more_than_its_limit_although_clocks_go_back(limits, moves):
    usage, now, granted_in = {}, START, Counter()
    for step, wanted in moves:
        now += step
        usage, granted, _ = take(usage, limits, now, wanted)
        assert 0 <= granted <= wanted
        for length, window in usage.items():
            granted_in[length, window.start] += granted
            assert window.start - length <= now < window.start + length
    allowed = dict(limits.windows)
    assert all(count <= allowed[length] for (length, _), count in granted_in.items())


@given(st.lists(st.timedeltas(timedelta(0), 2 * MINUTE), min_size=1, max_size=60))
def test_windows_of_one_length_do_not_overlap(waits):
    usage, now, starts = {}, START, []
    for wait in waits:
        now += wait
        usage, _, _ = take(usage, RateLimits(5, 0), now, 1)
        starts.append(usage[MINUTE].start)
    distinct = sorted(set(starts))
    assert starts == sorted(starts)
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(distinct))


@given(limits_of_any_size, st.lists(st.integers(0, 40), max_size=20))
def test_what_is_said_to_remain_can_be_taken_and_no_more(limits, earlier):
    usage, before = {}, None
    for wanted in earlier:
        usage, _, quota = take(usage, limits, START, wanted)
        assert before is None or quota.remaining <= before
        before = quota.remaining
    _, _, quota = take(usage, limits, START, 0)
    _, granted, after = take(usage, limits, START, 10_000)
    assert granted == quota.remaining
    assert after.remaining == 0


@given(limits_of_any_size)
def test_a_request_is_granted_again_as_soon_as_the_tightest_window_ends(limits):
    usage, _, quota = take({}, limits, START, 10_000)
    assert take(usage, limits, quota.ends_at - timedelta(microseconds=1), 1)[1] == 0
    assert take(usage, limits, quota.ends_at, 1)[1] == 1


def test_of_two_windows_that_are_used_up_the_one_that_ends_last_is_told():
    _, _, quota = take({}, RateLimits(5, 5), START, 9)
    assert (quota.limit, quota.remaining, quota.ends_at) == (5, 0, START + HOUR)


def test_a_limit_of_zero_is_none():
    usage, granted, quota = take({}, NO_LIMITS, START, 10_000)
    assert (usage, granted, quota) == ({}, 10_000, None)
    assert take({}, RateLimits(0, 7), START, 9)[1] == 7
    assert take({}, RateLimits(7, 0), START, 9)[1] == 7


def test_a_limit_that_was_lowered_grants_nothing_until_its_window_ends():
    usage, _, _ = take({}, RateLimits(50, 0), START, 40)
    _, granted, quota = take(usage, RateLimits(10, 0), START, 1)
    assert (granted, quota.remaining) == (0, 0)


def test_a_window_that_begins_in_a_far_future_does_not_lock_a_key_out():
    usage = {MINUTE: Window(START + timedelta(days=400), 480)}
    assert take(usage, RateLimits(480, 0), START, 1)[1] == 1


@given(limits_of_any_size)
def test_leases_grow_small_before_a_window_is_used_up_and_leave_nothing_of_it(limits):
    usage, sizes = {}, []
    while True:
        usage, granted, quota = take_lease(usage, limits, START)
        if not granted:
            break
        sizes.append(granted)
    assert quota.remaining == 0
    assert sum(sizes) == min(limit for _, limit in limits.windows)
    assert max(sizes) <= LARGEST_LEASE
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


@given(st.integers(0, 20), st.integers(0, 20), st.timedeltas(timedelta(0), 2 * HOUR))
def test_what_was_not_used_goes_back_to_the_windows_that_it_came_from_alone(others, unused, wait):
    charged, granted, _ = take({}, RateLimits(), START, 20)
    later, _, _ = take(charged, RateLimits(), START + wait, others)
    returned = give_back(later, charged, unused)
    for length, window in returned.items():
        is_same = wait < length
        assert window.start == (START if is_same else START + wait)
        assert window.used == (granted + others - unused if is_same else others)
