"""One budget of requests for each key, whatever the number of processes that spend it."""

import asyncio
import logging
import math
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.domain.throttles import HOUR, LARGEST_LEASE, MINUTE, NO_LIMITS, RateLimits
from batch_exports.services.throttle import ThrottleService
from batch_exports.store import Cipher, SqlStore
from mock_server.memory.store import MemoryStore
from tests.builders import keep_project, make_key
from tests.services.worlds import HandClock
from tests.store.databases import KEY, new_store, url_of

LIMITS = RateLimits(per_minute=60, per_hour=200)


class WatchedStore:
    """Counts the transactions that write, and fails or waits when told to."""

    def __init__(self, store=None):
        self.store = store or MemoryStore()
        self.writes = 0
        self.error = None
        self.is_writing = asyncio.Event()
        self.is_open = asyncio.Event()
        self.is_open.set()

    @asynccontextmanager
    async def write(self):
        self.writes += 1
        self.is_writing.set()
        await self.is_open.wait()
        if self.error is not None:
            raise self.error
        async with self.store.write() as tx:
            yield tx

    def read(self):
        return self.store.read()


class Processes:
    """Some services over one store, as so many processes have them, and a key."""

    def __init__(self, *stores, limits=LIMITS, key_id=None, **options):
        # A store on a busy machine must not pass for one that does not answer.
        options = {"patience": 60.0, **options}
        self.clock = HandClock()
        self.key_id = str(key_id or uuid4())
        self.services = [ThrottleService(store, self.clock, limits, **options) for store in stores]

    async def ask(self, number=0):
        return await self.services[number].admit(self.key_id)

    async def spend(self, number=0, most=10_000):
        """How many requests in a row are admitted."""
        for count in range(most):
            if not (await self.ask(number)).admitted:
                return count
        return most


async def keep_key(store):
    async with store.write() as tx:
        key = make_key(project_ids=frozenset({await keep_project(tx)}))
        await tx.access.add_key(key)
    return key.id


@pytest.fixture(params=["sqlite", "postgres"])
async def stores(request, tmp_path):
    """Two stores over one database."""
    url = url_of(tmp_path / "store.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async with new_store(url) as first, SqlStore.open(url, Cipher(KEY)) as second:
        yield first, second


async def test_processes_that_begin_at_once_never_admit_more_than_the_limit_together(stores):
    first, second = stores
    # Always a key that has not been used yet: two processes that see no usage must not both begin with all of it.
    for _ in range(5):
        processes = Processes(first, second, key_id=await keep_key(first))
        requests = [processes.ask(number % 2) for number in range(100)]
        admitted = sum(standing.admitted for standing in await asyncio.gather(*requests))
        assert LIMITS.per_minute - 2 * LARGEST_LEASE <= admitted <= LIMITS.per_minute
        assert await processes.spend(0) + await processes.spend(1) == LIMITS.per_minute - admitted


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30), st.sampled_from([0, 0, 0, 1, 20, 61])), max_size=40),
    st.integers(1, 60),
    st.integers(1, 200),
)
async def test_no_sequence_over_several_processes_gets_more_than_a_limit_in_a_window(turns, per_minute, per_hour):
    limits = RateLimits(per_minute, per_hour)
    processes = Processes(*[MemoryStore()] * 4, limits=limits)
    admitted_at = []
    for number, count, wait in turns:
        processes.clock.at += timedelta(seconds=wait)
        admitted_at += [processes.clock.at] * await processes.spend(number, count)
    # Windows begin with the first request after the one before has ended.
    for length, limit in limits.windows:
        rest = admitted_at
        while rest:
            inside = [at for at in rest if at < rest[0] + length]
            assert len(inside) <= limit
            rest = rest[len(inside) :]


async def test_a_process_alone_gets_the_whole_limit_and_an_exact_count():
    processes = Processes(MemoryStore())
    remaining = [(await processes.ask()).remaining for _ in range(LIMITS.per_minute)]
    assert remaining == list(reversed(range(LIMITS.per_minute)))
    refused = await processes.ask()
    assert (refused.admitted, refused.limit, refused.remaining, refused.seconds) == (False, 60, 0, 60)


async def test_a_refusal_ends_when_it_says():
    processes = Processes(MemoryStore())
    await processes.spend()
    processes.clock.at += timedelta(seconds=12.3)
    refused = await processes.ask()
    assert refused.seconds == 48
    processes.clock.at += timedelta(seconds=refused.seconds - 1)
    assert not (await processes.ask()).admitted
    processes.clock.at += timedelta(seconds=1)
    assert (await processes.ask()).admitted


async def test_the_hour_ends_what_the_minutes_allow():
    processes = Processes(MemoryStore())
    spent = []
    for _ in range(5):
        spent.append(await processes.spend())
        processes.clock.at += MINUTE
    assert spent == [60, 60, 60, 20, 0]
    refused = await processes.ask()
    assert (refused.limit, refused.seconds) == (LIMITS.per_hour, 3600 - 5 * 60)


async def test_a_key_that_is_seldom_used_is_not_charged_for_what_its_processes_set_aside():
    processes = Processes(*[MemoryStore()] * 3)
    for number in range(180):
        assert (await processes.ask(number % 3)).admitted
        processes.clock.at += timedelta(seconds=20)


async def test_keys_have_budgets_of_their_own():
    processes = Processes(MemoryStore())
    await processes.spend()
    processes.key_id = str(uuid4())
    assert (await processes.ask()).remaining == LIMITS.per_minute - 1


async def test_many_requests_at_once_take_no_more_leases_than_they_need():
    store = WatchedStore()
    processes = Processes(store, limits=RateLimits(10_000, 0))
    standings = await asyncio.gather(*(processes.ask() for _ in range(100)))
    assert all(standing.admitted for standing in standings)
    assert len({standing.remaining for standing in standings}) == 100
    assert store.writes == math.ceil(100 / LARGEST_LEASE)


async def test_a_key_that_goes_on_asking_writes_nothing_but_once_a_minute():
    store = WatchedStore()
    processes = Processes(store, limits=RateLimits(0, 5))
    await processes.spend()
    before = store.writes
    for _ in range(100):
        assert not (await processes.ask()).admitted
    assert store.writes == before
    processes.clock.at += MINUTE
    assert await processes.spend() == 0
    assert store.writes == before + 1


async def test_without_limits_requests_are_not_counted_but_the_last_use_is_noted_each_minute():
    store = WatchedStore()
    processes = Processes(store, limits=NO_LIMITS)
    for wait in (timedelta(0), timedelta(seconds=59), timedelta(seconds=1), HOUR):
        processes.clock.at += wait
        assert await processes.ask() is None
    assert store.writes == 3
    async with store.read() as tx:
        assert set((await tx.access.last_used()).values()) == {processes.clock.at}


async def test_a_throttled_key_has_been_used_too():
    processes = Processes(MemoryStore())
    await processes.spend()
    processes.clock.at += MINUTE
    await processes.ask()
    async with processes.services[0]._store.read() as tx:
        assert set((await tx.access.last_used()).values()) == {processes.clock.at}


async def test_a_store_that_fails_stops_nobody_and_is_told_once(caplog):
    store = WatchedStore()
    store.error = ConnectionError("the database went away\nDETAIL: secret")
    processes = Processes(store)
    assert [await processes.ask() for _ in range(1000)] == [None] * 1000
    assert store.writes == 1
    processes.clock.at += timedelta(seconds=5)
    await processes.ask()
    assert store.writes == 2
    assert [record.getMessage() for record in caplog.records] == [
        "Requests of API keys are let through without being counted: ConnectionError: the database went away"
    ]
    store.error = None
    processes.clock.at += timedelta(seconds=5)
    assert await processes.spend() == LIMITS.per_minute
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING]
    assert caplog.records[1].getMessage() == "Requests of API keys are counted again."


async def test_a_store_that_is_busy_holds_requests_up_for_a_moment_only():
    store = WatchedStore()
    store.is_open.clear()
    processes = Processes(store, patience=0.01)
    assert await asyncio.gather(*(processes.ask() for _ in range(50))) == [None] * 50
    assert store.writes == 1
    renewal = processes.services[0]._accounts[processes.key_id].renewal
    store.is_open.set()
    await renewal
    assert await processes.spend() == LIMITS.per_minute


async def test_a_client_that_hangs_up_does_not_break_off_the_count_of_the_others():
    store = WatchedStore()
    store.is_open.clear()
    processes = Processes(store)
    gone, other = asyncio.create_task(processes.ask()), asyncio.create_task(processes.ask())
    await store.is_writing.wait()
    gone.cancel()
    store.is_open.set()
    assert (await other).remaining == LIMITS.per_minute - 1


async def test_a_process_remembers_so_many_keys_and_no_more():
    store = WatchedStore()
    processes = Processes(store, most_keys=5)
    keys = [str(uuid4()) for _ in range(12)]
    for key in keys:
        processes.key_id = key
        await processes.ask()
    assert len(processes.services[0]._accounts) == 5
    # What a forgotten key had set aside is lost to it until the window ends, never doubled.
    processes.key_id = keys[0]
    assert await processes.spend() <= LIMITS.per_minute - 1
