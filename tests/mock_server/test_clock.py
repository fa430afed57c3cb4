import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import LATEST, VirtualClock, frozen_clock
from tests.mock_server.steering import everything, progress, steered
from tests.mock_server.worlds import START as WORLD_START

START = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 1000)),
    st.tuples(st.just("advance"), st.floats(0, 1e6)),
    st.tuples(st.just("leap"), st.floats(0, 1e6)),
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
        elif name == "leap":
            clock.leap(clock.target() + timedelta(seconds=amount))
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


def test_a_clock_is_advanced_from_where_it_has_come_to():
    seconds = Seconds()
    clock = VirtualClock(START, rate=60, monotonic=seconds)
    seconds.passed += 2
    clock.advance(timedelta(seconds=1))
    assert clock.target() == START + timedelta(minutes=2, seconds=1)


def test_now_stands_still_until_the_world_has_caught_up():
    clock = frozen_clock(START)
    clock.advance(timedelta(hours=1))
    assert clock.now() == START
    clock.settle(START + timedelta(minutes=5))
    clock.settle(START)
    assert clock.now() == START + timedelta(minutes=5)


@pytest.mark.parametrize("passed", [1e4, 1e9])
def test_a_clock_that_runs_for_long_stops_before_the_calendar_does(passed):
    seconds = Seconds()
    clock = VirtualClock(START, rate=1e6, monotonic=seconds)
    seconds.passed += passed
    assert clock.target() == LATEST
    clock.freeze()
    clock.run()
    assert clock.target() == LATEST


def test_a_fork_shows_the_same_and_goes_on_alone():
    clock = frozen_clock(START)
    clock.advance(timedelta(hours=1))
    fork = clock.fork()
    assert (fork.now(), fork.target()) == (clock.now(), clock.target())
    fork.advance(timedelta(hours=1))
    assert clock.target() == START + timedelta(hours=1)


@pytest.mark.parametrize(
    "move",
    [
        lambda clock: clock.advance(timedelta(seconds=-1)),
        lambda clock: clock.leap(START - timedelta(seconds=1)),
        lambda clock: clock.run(-1.0),
    ],
)
def test_it_refuses_to_run_back(move):
    with pytest.raises(ValueError, match="never runs back"):
        move(frozen_clock(START))


async def put(client, **action):
    return await client.put("/__mock/clock", json=action)


async def test_a_leap_ahead_is_answered_when_everything_on_the_way_has_happened():
    async with steered() as (client, _):
        answer = await put(client, action="advance", by="P1D")
        assert answer.json() == {"now": iso(WORLD_START + timedelta(days=1)), "rate": 0.0, "frozen": True}
        runs = await everything(client)
        assert (await client.get("/__mock/clock")).json() == answer.json()
    assert len(runs) == 24
    assert {run["status"] for run in runs} == {"Completed"}


async def test_a_long_leap_is_answered_when_it_is_over():
    async with steered() as (client, export):
        await client.patch(export, json={"interval": "every 5 minutes"})
        await put(client, action="advance", by="P4D")
        newest = (await client.get(f"{export}runs/")).json()["results"][0]
    assert newest["data_interval_end"] == iso(WORLD_START + timedelta(days=4, minutes=-2))


@given(
    st.sampled_from([("PT24H", 24), ("1d", 24), ("90m", 2), ("P1DT1H", 25)]),
    st.integers(1, 40),
    st.sampled_from(["clock", "polls", "immediate", "manual"]),
)
async def test_what_a_leap_makes_is_paged_without_loss_or_repetition(leap, newer, mode):
    by, made = leap
    async with steered() as (client, export):
        await progress(client, mode)
        await put(client, action="advance", by=by)
        seen, url = [], f"{export}runs/"
        while url:
            page = (await client.get(url)).json()
            seen += [run["id"] for run in page["results"]]
            await put(client, action="advance", by=f"{newer}m")
            url = page["next"]
        every = [run["id"] for run in await everything(client)]
    assert seen == every[len(every) - made :]
    assert len(set(seen)) == made


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


async def test_the_clock_is_set_frozen_scaled_and_let_go():
    async with steered() as (client, _):
        later = iso(WORLD_START + timedelta(hours=5))
        assert (await put(client, action="set", instant=later)).json()["now"] == later
        assert (await put(client, action="set", instant=later)).status_code == 200
        scaled = (await put(client, action="scale", rate=3600)).json()
        assert (scaled["rate"], scaled["frozen"]) == (3600, False)
        while (now := (await client.get("/__mock/clock")).json()["now"]) <= scaled["now"]:
            pass
        frozen = (await put(client, action="freeze")).json()
        assert frozen["frozen"] and frozen["now"] >= now
        assert (await client.get("/__mock/clock")).json() == frozen
        going = (await put(client, action="reset")).json()
    assert (going["rate"], going["frozen"]) == (1.0, False)
    assert going["now"] >= frozen["now"]


@pytest.mark.parametrize(
    ("action", "attr", "advice"),
    [
        ({}, "action", ""),
        ({"action": "stop"}, "action", ""),
        ({"action": "advance"}, "by", "needs 'by'"),
        ({"action": "set"}, "instant", "needs 'instant'"),
        ({"action": "scale"}, "rate", "needs 'rate'"),
        ({"action": "freeze", "rate": 2}, "rate", "leave it out"),
        ({"action": "reset", "by": "1h"}, "by", "leave it out"),
        ({"action": "advance", "by": "1h", "instant": "2026-03-03T00:00:00Z"}, "instant", "leave it out"),
        ({"action": "advance", "by": "PT"}, "by", "ISO 8601"),
        ({"action": "advance", "by": "-1h"}, "by", ""),
        ({"action": "advance", "by": "999999999w"}, "by", "shorter"),
        ({"action": "advance", "by": "99999999d"}, "by", "Advance by less"),
        ({"action": "advance", "by": "60000d"}, "by", "can leap by P"),
        ({"action": "scale", "rate": -1}, "rate", ""),
        ({"action": "set", "instant": "yesterday"}, "instant", ""),
        ({"action": "set", "instant": "2026-03-02T15:31:59Z"}, "instant", "restore a snapshot, or reset the world"),
        ({"action": "set", "instant": "2150-01-01T00:00:00Z"}, "instant", "120000"),
    ],
)
async def test_what_no_clock_does_is_refused_with_advice_and_moves_nothing(action, attr, advice):
    async with steered() as (client, _):
        answer = await client.put("/__mock/clock", json=action)
        assert (answer.status_code, answer.json()["attr"]) == (400, attr)
        assert advice in answer.json()["detail"]
        assert (await client.get("/__mock/clock")).json()["now"] == iso(WORLD_START)
        assert await everything(client) == []


async def test_a_refused_leap_says_how_far_one_can_go_and_so_far_one_can():
    async with steered() as (client, export):
        await client.post(f"{export}pause/")
        refused = await put(client, action="advance", by="64000d")
        farthest = re.search(r"by (P\S+) at most", refused.json()["detail"])[1]
        assert (await put(client, action="advance", by="P1DT1H")).status_code == 200
        assert (await put(client, action="advance", by=farthest)).status_code == 400
        assert (await put(client, action="set", instant=iso(LATEST))).json()["now"] == iso(LATEST)
