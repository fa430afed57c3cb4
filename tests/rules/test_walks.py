"""Walks along cursors: whatever is added meanwhile, every row comes once, in both worlds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.callers import OWN, done

ROWS = 55
"""More than a page of backfills, whose size is fixed."""
# The lists of an export that grow, their parameters, and what a row sorts by.
LISTS = {
    "runs by creation": ("runs", {"after": "all", "ordering": "-created_at"}, "page_size", "created_at"),
    "runs, oldest first": ("runs", {"after": "all", "ordering": "created_at"}, "page_size", "created_at"),
    "runs by interval": ("runs", {"start": "all", "ordering": "-data_interval_start"}, "page_size", None),
    "backfills": ("backfills", {}, None, "created_at"),
    "backfills by start": ("backfills", {"ordering": "start_at"}, None, None),
    "logs": ("logs", {}, "limit", "timestamp"),
    "activity": ("activity", {}, "limit", "created_at"),
}


@pytest.fixture(scope="module")
def grow(world):
    """Adds a run, a backfill, a log entry and two changes to an export."""
    export = world.new_export()
    newest = world.ended_run(export)

    def add():
        nonlocal newest
        newest = done(world.client.post(f"{OWN}/{export}/runs/{newest}/retry"))["run_id"]
        done(world.client.post(f"{OWN}/{export}/runs/{newest}/cancel"))

    for _ in range(ROWS):
        add()
    return f"{OWN}/{export}", add


def identity(row):
    return row.get("id") or (row["timestamp"], row["run_id"], row["message"])


def walk(world, url, params, meanwhile):
    rows, page = [], done(world.client.get(url, params=params))
    while True:
        rows += page["results"]
        meanwhile()
        if page["next"] is None:
            return rows
        page = done(world.client.get(page["next"]))
        assert len(rows) < 1000


@pytest.mark.parametrize("name", LISTS)
@settings(max_examples=6)
@given(size=st.integers(7, 40), arrivals=st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_a_walk_shows_every_row_once_whatever_is_added_meanwhile(world, grow, name, size, arrivals):
    path, add = grow
    route, params, size_name, sorted_by = LISTS[name]
    url = f"{path}/{route}"
    known = walk(world, url, params, lambda: None)
    sized = params if size_name is None else {**params, size_name: size}
    left = list(arrivals)

    def meanwhile():
        for _ in range(left.pop() if left else 0):
            add()

    rows = walk(world, url, sized, meanwhile)
    seen = [identity(row) for row in rows]
    before = {identity(row) for row in known}

    assert len(set(seen)) == len(seen)
    assert [each for each in seen if each in before] == [identity(row) for row in known]
    if sorted_by is not None:
        falling = params.get("ordering", "-").startswith("-")
        assert [row[sorted_by] for row in rows] == sorted((row[sorted_by] for row in rows), reverse=falling)


@pytest.mark.parametrize("name", [name for name, (route, *_) in LISTS.items() if route != "logs"])
def test_the_way_back_shows_the_same_rows_without_those_that_came_meanwhile_in_between(world, grow, name):
    path, add = grow
    route, params, size_name, _ = LISTS[name]
    sized = params if size_name is None else {**params, size_name: 9}
    forth = [done(world.client.get(f"{path}/{route}", params=sized))]
    while forth[-1]["next"]:
        forth.append(done(world.client.get(forth[-1]["next"])))
    back = forth[-1:]
    while back[-1]["previous"]:
        add()
        back.append(done(world.client.get(back[-1]["previous"])))
    seen = [identity(row) for page in reversed(back) for row in page["results"]]
    before = [identity(row) for page in forth for row in page["results"]]
    assert len(set(seen)) == len(seen)
    assert [each for each in seen if each in set(before)] == before
