from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import VirtualClock, frozen_clock

START = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 1000)),
    st.tuples(st.just("advance"), st.floats(0, 1e6)),
    st.tuples(st.just("run"), st.floats(0, 3600)),
    st.tuples(st.just("freeze"), st.just(0.0)),
    st.tuples(st.just("settle"), st.just(0.0)),
)


class Seconds:
    def __init__(self):
        self.passed = 100.0

    def __call__(self):
        return self.passed


@given(st.lists(STEPS, max_size=30))
def test_time_never_runs_back_and_now_never_overtakes_it(steps):
    seconds = Seconds()
    clock = VirtualClock(START, monotonic=seconds)
    for name, amount in steps:
        before = clock.now(), clock.target()
        if name == "wait":
            seconds.passed += amount
        elif name == "advance":
            clock.advance(timedelta(seconds=amount))
        elif name == "run":
            clock.run(amount)
        elif name == "freeze":
            clock.freeze()
        else:
            clock.settle(clock.target())
        assert before[0] <= clock.now() <= clock.target()
        assert before[1] <= clock.target()


def test_a_running_clock_follows_the_real_one_at_its_rate():
    seconds = Seconds()
    clock = VirtualClock(START, rate=60, monotonic=seconds)
    seconds.passed += 2
    assert clock.target() == START + timedelta(minutes=2)
    clock.freeze()
    seconds.passed += 100
    assert clock.is_frozen
    assert clock.target() == START + timedelta(minutes=2)
    clock.run()
    seconds.passed += 1
    assert clock.target() == START + timedelta(minutes=2, seconds=1)


def test_now_stands_still_until_the_world_has_caught_up():
    clock = frozen_clock(START)
    clock.advance(timedelta(hours=1))
    assert clock.now() == START
    clock.settle(START + timedelta(minutes=5))
    clock.settle(START)
    assert clock.now() == START + timedelta(minutes=5)


def test_a_fork_shows_the_same_and_goes_on_alone():
    clock = frozen_clock(START)
    clock.advance(timedelta(hours=1))
    fork = clock.fork()
    assert (fork.now(), fork.target()) == (clock.now(), clock.target())
    fork.advance(timedelta(hours=1))
    assert clock.target() == START + timedelta(hours=1)


@pytest.mark.parametrize("move", [lambda clock: clock.advance(timedelta(seconds=-1)), lambda clock: clock.run(-1.0)])
def test_it_refuses_to_run_back(move):
    with pytest.raises(ValueError, match="never runs back"):
        move(frozen_clock(START))
