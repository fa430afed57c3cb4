"""Prefetch: a stage in its own thread, bounded by bytes."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.formats.prefetch import Prefetch, StoppedError


def stage(items, budget=100, size=len):
    return Prefetch(iter(items), size=size, budget=budget, name="stage-under-test")


def stage_threads():
    return [thread for thread in threading.enumerate() if thread.name == "stage-under-test"]


@given(st.lists(st.binary(max_size=50)), st.integers(1, 100))
def test_items_come_out_as_they_went_in(items, budget):
    with stage(items, budget) as ahead:
        assert list(ahead) == items
    assert not stage_threads()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(1, 60))
def test_no_more_than_the_budget_waits(sizes, budget):
    lock, waiting, most = threading.Lock(), [0], [0]

    def produced():
        for size in sizes:
            yield size
            with lock:
                waiting[0] += size
                most[0] = max(most[0], waiting[0])

    with stage(produced(), budget, size=lambda size: size) as ahead:
        for size in ahead:
            with lock:
                waiting[0] -= size
    assert most[0] <= max(budget, *sizes)


@given(st.lists(st.binary(min_size=1, max_size=5), max_size=10))
def test_an_error_comes_after_the_items_before_it(items):
    def failing():
        yield from items
        raise KeyError("broken")

    taken = []
    with stage(failing()) as ahead, pytest.raises(KeyError, match="broken"):
        taken.extend(ahead)
    assert taken == items
    assert not stage_threads()


def test_an_item_larger_than_the_budget_passes_alone():
    with stage([b"x" * 500, b"y"], budget=10) as ahead:
        assert [len(item) for item in ahead] == [500, 1]


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_leaving_early_ends_the_thread(taken):
    with stage(iter(lambda: b"again", None)) as ahead:
        for _ in range(taken):
            next(ahead)
    assert not stage_threads()


def test_a_stopped_stage_fails_whoever_still_asks():
    with stage([b"a", b"b"]) as ahead:
        ahead.stop()
        with pytest.raises(StoppedError):
            next(ahead)


def test_two_stages_end_together_when_the_first_fails():
    def failing():
        yield b"one"
        raise OSError("gone")

    with stage(failing()) as first, stage(first) as second:
        assert next(second) == b"one"
        with pytest.raises(OSError, match="gone"):
            next(second)
    assert not stage_threads()
