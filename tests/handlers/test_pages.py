from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.paging import encode_cursor
from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app, shared_app

ORDERINGS = ["created_at", "-created_at", "data_interval_start", "-data_interval_start"]


async def walk(client, url, link="next", **params):
    """All pages from an address on, following a link."""
    pages = []
    while url is not None:
        answer = await client.get(url, params=params or None)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        url, params = pages[-1][link], {}
        assert len(pages) < 500
    return pages


def ids(pages):
    return [row["id"] for page in pages for row in page["results"]]


@settings(max_examples=12)
@given(st.sampled_from(ORDERINGS), st.integers(1, 100))
async def test_the_pages_of_a_list_hold_each_run_once_and_in_order(ordering, size):
    window = {"after": "all", "start": "all"}
    async with client_of(shared_app()) as client:
        whole = await walk(client, f"{EXPORT}runs/", ordering=ordering, page_size=100, **window)
        pages = await walk(client, f"{EXPORT}runs/", ordering=ordering, page_size=size, **window)
    field = ordering.lstrip("-")
    values = [row[field] for page in whole for row in page["results"]]
    assert values == sorted(values, reverse=ordering.startswith("-"))
    assert ids(pages) == ids(whole)
    assert len(set(ids(pages))) == len(ids(pages)) > 100
    assert all(len(page["results"]) == size for page in pages[:-1])


@settings(max_examples=12)
@given(st.sampled_from(ORDERINGS), st.integers(5, 60))
async def test_going_back_shows_the_same_pages(ordering, size):
    async with client_of(shared_app()) as client:
        window = {"after": "all", "start": "all"}
        forward = await walk(client, f"{EXPORT}runs/", ordering=ordering, page_size=size, **window)
        back = await walk(client, forward[-1]["previous"], link="previous")
    assert ids(reversed(back)) == ids(forward[:-1])
    assert back[-1]["previous"] is None
    assert all(page["next"] is not None for page in back)


async def test_runs_that_are_made_during_a_walk_neither_hide_nor_repeat_others():
    app = make_app()
    async with client_of(app) as client:
        before = ids(await walk(client, f"{EXPORT}runs/", after="all", page_size=100))
        url, seen = f"{EXPORT}runs/?after=all&page_size=20", []
        while url is not None:
            page = (await client.get(url)).json()
            seen += [row["id"] for row in page["results"]]
            url = page["next"]
            advance(app, timedelta(hours=1))
    assert seen == before


async def test_a_list_of_runs_reaches_a_week_back_unless_asked_otherwise():
    async with client_of(shared_app()) as client:
        week = ids(await walk(client, f"{EXPORT}runs/", page_size=100))
        everything = ids(await walk(client, f"{EXPORT}runs/", page_size=100, after="all"))
        day = ids(await walk(client, f"{EXPORT}runs/", page_size=100, after="-24h"))
    assert set(day) < set(week) <= set(everything)


async def test_statuses_can_be_asked_for_together():
    async with client_of(shared_app()) as client:
        pages = await walk(client, f"{EXPORT}runs/", after="all", status=["Failed", "Cancelled"])
    assert {row["status"] for page in pages for row in page["results"]} == {"Failed", "Cancelled"}


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_exports_page_by_limit_and_offset(size):
    async with client_of(shared_app()) as client:
        pages = await walk(client, EXPORTS, limit=size)
    assert {page["count"] for page in pages} == {len(ids(pages))}
    assert len(set(ids(pages))) == len(ids(pages))
    assert pages[0]["previous"] is None
    assert all(page["results"] for page in pages)


@settings(max_examples=6)
@given(st.integers(4, 40))
async def test_a_log_pages_without_losing_entries_that_share_a_moment(limit):
    async with client_of(shared_app()) as client:
        whole = await walk(client, f"{EXPORT}logs/", limit=500)
        pages = await walk(client, f"{EXPORT}logs/", limit=limit)
    rows = [row for page in pages for row in page["results"]]
    assert rows == [row for page in whole for row in page["results"]]
    assert {page["count"] for page in pages} == {len(rows)}
    assert [row["timestamp"] for row in rows] == sorted((row["timestamp"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    "cursor", ["x", "WzBd", "WzAsImEiLCJiIl0", "WzAsIjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwieCJd", "bnVsbA"]
)
@pytest.mark.parametrize("route", ["runs/", "backfills/", "logs/"])
async def test_a_cursor_that_was_not_issued_here_is_a_404(route, cursor):
    async with client_of(shared_app()) as client:
        answer = await client.get(f"{EXPORT}{route}", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Invalid cursor")


MOMENT, NO_MOMENT, NOBODY = "2026-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00", "0" * 32


@pytest.mark.parametrize(
    ("route", "values"),
    [
        *(("runs/", values) for values in ([0, 5, NOBODY], [0, MOMENT, 5], [0, MOMENT, "x"], [0, NO_MOMENT, NOBODY])),
        *(("logs/", values) for values in ([5, 1], [MOMENT, "x"], [MOMENT, -1], [NO_MOMENT, 1])),
    ],
)
async def test_a_crafted_cursor_is_a_404_though_it_is_written_like_one(route, values):
    async with client_of(shared_app()) as client:
        answer = await client.get(f"{EXPORT}{route}", params={"cursor": encode_cursor(values)})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Invalid cursor")
