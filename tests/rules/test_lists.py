"""Lists of exports: filters, orders, pages and their newest runs, in both worlds."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.callers import NOOP, OWN, S3, bearer, done, refusal

EXPORTS = [
    {"name": "Lake"},
    {"name": "lake two", "interval": "day"},
    {"name": "100% done", "destination": S3},
    {"name": "1000 done", "destination": S3, "interval": "day", "paused": True},
    {"name": "a_b", "model": "persons"},
    {"name": "aXb", "model": "persons", "destination": S3},
    {"name": "Ärger", "interval": "every 5 minutes"},
    {"name": "ärger", "paused": True, "model": "sessions"},
    {"name": "Lake", "paused": True},
]
CONDITIONS = {
    "search": ["lake", "LAKE", "100%", "_", "Ä", "ärg", "RGER", "nothing"],
    "paused": ["true", "false"],
    "model": ["events", "persons", "sessions"],
    "interval": ["hour", "day", "every 5 minutes", "week"],
    "destination_type": ["NoOp", "S3", "HTTP"],
}
ORDERS = ["created_at", "-created_at", "last_updated_at", "-last_updated_at", "name", "-name"]

conditions = st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in CONDITIONS.items()})
orders = st.sampled_from(ORDERS)


@pytest.fixture(scope="module")
def shown(world):
    """All exports as a list without conditions shows them."""
    made = [world.new_export(**fields) for fields in EXPORTS]
    # A retry is a run more; of a run that goes on there is none.
    run = world.ended_run(made[0])
    for _ in range(11):
        run = done(world.client.post(f"{OWN}/{made[0]}/runs/{run}/retry"))["run_id"]
        done(world.client.post(f"{OWN}/{made[0]}/runs/{run}/cancel"))
    done(world.client.patch(f"{OWN}/{made[2]}", json={"timezone": "Asia/Tokyo"}))
    assert world.client.post(OWN, json=NOOP, headers=bearer("other_project")).status_code == 201
    exports = done(world.client.get(OWN, params={"limit": 1000}))["results"]
    assert {each["id"] for each in exports} == set(made)
    return exports


def fits(export, query):
    """Whether an export meets all conditions, in the plainest form."""
    # Bytes know the case of ASCII letters alone.
    found = {
        "paused": str(export["paused"]).lower(),
        "destination_type": export["destination"]["type"],
        "model": export["model"],
        "interval": export["interval"],
    }
    searched = query.get("search", "").encode().lower() in export["name"].encode().lower()
    return searched and all(found[name] == value for name, value in query.items() if name in found)


def in_order(exports, ordering):
    field = ordering.lstrip("-")
    return sorted(exports, key=lambda each: (each[field], each["id"]), reverse=ordering.startswith("-"))


def follow(world, page, link):
    """A page and all that follow it by a link."""
    pages = [page]
    while pages[-1][link] is not None:
        assert pages[-1][link].startswith(f"http://testserver{OWN}?")
        pages.append(done(world.client.get(pages[-1][link])))
        assert len(pages) < 20
    return pages


@settings(max_examples=60)
@given(conditions, orders, st.integers(1, 12), st.integers(0, 10))
def test_a_page_is_the_part_of_the_list_that_was_asked_for(world, shown, query, ordering, limit, offset):
    page = done(world.client.get(OWN, params={**query, "ordering": ordering, "limit": limit, "offset": offset}))
    expected = in_order([each for each in shown if fits(each, query)], ordering)
    assert page["count"] == len(expected)
    assert page["results"] == expected[offset : offset + limit]


@settings(max_examples=25)
@given(conditions, orders, st.integers(1, 4))
def test_following_the_links_shows_everything_once_forth_and_back(world, shown, query, ordering, limit):
    asked = {**query, "ordering": ordering, "limit": limit, "latest_runs": 2}
    forth = follow(world, done(world.client.get(OWN, params=asked)), "next")
    expected = [each["id"] for each in in_order([each for each in shown if fits(each, query)], ordering)]
    assert [each["id"] for page in forth for each in page["results"]] == expected

    back = follow(world, forth[-1], "previous")
    assert [page["results"] for page in back] == [page["results"] for page in reversed(forth)]
    links = [page[link] for page in forth for link in ("next", "previous") if page[link]]
    for link in links:
        sent = dict(parse_qsl(urlsplit(link).query))
        sent.pop("offset", None)
        assert sent == {name: str(value) for name, value in asked.items()}


def test_the_newest_come_first_unless_asked_otherwise(world, shown):
    assert done(world.client.get(OWN))["results"] == in_order(shown, "-created_at")


@pytest.mark.parametrize("count", [None, 0, 1, 7, 10])
def test_an_export_shows_as_many_of_its_newest_runs_as_asked_for(world, shown, count):
    params = {} if count is None else {"latest_runs": count}
    for export in shown:
        newest = world.runs(export["id"])[: 10 if count is None else count]
        assert done(world.client.get(f"{OWN}/{export['id']}", params=params))["latest_runs"] == newest
    listed = done(world.client.get(OWN, params=params))["results"]
    assert max(len(each["latest_runs"]) for each in listed) == (10 if count is None else count)
    for export in listed:
        assert export["latest_runs"] == world.runs(export["id"])[: 10 if count is None else count]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("latest_runs", "11"),
        ("latest_runs", "-1"),
        ("latest_runs", "many"),
        ("ordering", "id"),
        ("ordering", "--name"),
        ("paused", "yes"),
        ("model", "rows"),
        ("interval", "month"),
        ("destination_type", "Tape"),
        ("search", ""),
        ("search", "x" * 201),
        ("search", "a\x07b"),
        ("limit", "0"),
        ("offset", "-1"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(world, name, text):
    assert refusal(world.client.get(OWN, params={name: text}), 400)[1] == name


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_given_twice_is_refused(world, name):
    assert refusal(world.client.get(OWN, params={name: CONDITIONS[name][:2]}), 400)[1] == name
