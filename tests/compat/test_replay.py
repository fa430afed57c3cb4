"""The replay itself: it notices what a client would miss."""

import re

import pytest

from tests.compat.replay import Replay, Shape, shapes, unfit
from tests.spec.document import implemented, operations

# Ours alone.
NOT_POSTHOGS = {"list_export_activity"}
PAGE = {"next": None, "previous": None, "results": []}
UUID = "019cadd4-5620-7c3e-9a41-5d2f7b6c8e10"


@pytest.mark.parametrize(
    ("reads", "answer"),
    [
        ({"paused": True}, {"paused": True, "more": 1}),
        ({"id": "uuid", "at": "time | null"}, {"id": UUID, "at": None}),
        ({"id": "uuid", "at": "time | null"}, {"id": UUID, "at": "2026-03-02T09:15:00.000001Z"}),
        ({"name?": "string"}, {}),
        ("'a' | 'b'", "b"),
        ("Run[]", []),
        (["integer"], [1, 2]),
    ],
)
def test_what_a_client_declares_fits(reads, answer):
    assert unfit(reads, answer) == []


@pytest.mark.parametrize(
    ("reads", "answer"),
    [
        ({"paused": True}, {"paused": False}),
        ({"paused": True}, {}),
        ({"id": "uuid"}, {"id": "7"}),
        ({"id": "string"}, {"id": None}),
        ({"at": "time | null"}, {"at": "yesterday"}),
        ({"name?": "string"}, {"name": 1}),
        ("'a' | 'b'", "c"),
        ("RunPage", PAGE),
        ("RunPage", {**PAGE, "results": [{"id": UUID}]}),
        ("Run[]", [{}]),
        (["integer"], []),
    ],
)
def test_what_a_client_would_miss_is_found(reads, answer):
    assert unfit(reads, answer)


def asked(steps):
    """The operations by which the steps of a client are answered."""
    patterns = {(each.method, re.sub(r"\\{\w+\\}", "[^/]+", re.escape(each.path))): each.id for each in operations()}
    for step in steps:
        method, path = step["asks"].split(" ")
        path = "/1/batch_exports" + path.partition("?")[0].rstrip("/") + "/"
        matching = [
            name for (verb, pattern), name in patterns.items() if verb == method.lower() and re.fullmatch(pattern, path)
        ]
        yield min(matching, key=lambda name: name.startswith("get_"))


def test_every_operation_that_posthog_has_is_asked_by_some_client():
    by_clients = {name for shape in shapes() for name in asked(shape.steps)}
    assert by_clients == {each.id for each in implemented()} - NOT_POSTHOGS


def test_a_client_that_is_refused_stops():
    class Refusing:
        def request(self, *_args, **_more):
            return Answer()

    class Answer:
        status_code = 400
        text = "no"

    with pytest.raises(AssertionError, match="A client, asks: 400 no"):
        Replay(Refusing(), "projects", slash=True).play(
            Shape("A client", "", [{"does": "asks", "asks": "GET /", "status": 200}])
        )
