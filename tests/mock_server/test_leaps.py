from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import LATEST
from mock_server.leaps import MOST_RUNS, farthest, require_reachable, scheduled_runs
from tests.mock_server.worlds import START, create, leap, open_world

INTERVALS = st.sampled_from(["every 5 minutes", "every 15 minutes", "hour", "day", "week"])


@given(st.lists(INTERVALS, max_size=3), st.integers(0, 60 * 24), st.one_of(st.none(), st.integers(1, 60 * 24)))
async def test_so_many_runs_are_foreseen_as_are_made(intervals, minutes, ends_after):
    world = open_world()
    for interval in intervals:
        end_at = None if ends_after is None else (START + timedelta(minutes=ends_after)).isoformat()
        await create(world, interval=interval, end_at=end_at)
    foreseen = scheduled_runs(world.store.tables, START + timedelta(minutes=minutes))
    await leap(world, timedelta(minutes=minutes))
    made = len(world.store.tables.runs)
    # An export whose window ends while a run settles makes no run less for it.
    assert made <= foreseen <= made + len(intervals) * (ends_after is not None)


@given(st.lists(INTERVALS, max_size=3))
async def test_the_farthest_leap_is_allowed_and_no_longer_one(intervals):
    world = open_world()
    for interval in intervals:
        await create(world, interval=interval)
    tables = world.store.tables
    reachable = farthest(tables, START)
    require_reachable(tables, START, reachable)
    with pytest.raises(ValueError, match="at most"):
        require_reachable(tables, START, reachable + timedelta(minutes=1))
    assert reachable == LATEST or 0 <= MOST_RUNS - scheduled_runs(tables, reachable) <= len(intervals)


async def test_a_paused_export_holds_no_leap_up():
    world = open_world()
    await create(world, interval="every 5 minutes", paused=True)
    assert farthest(world.store.tables, START) == LATEST
