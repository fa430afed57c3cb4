"""The gate itself: whatever one of the worlds does otherwise is found, made small, and told so that it can be kept."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from tests.parity.breakages import bases
from tests.parity.figure import Figure
from tests.parity.generator import PROGRAMS, search, smallest
from tests.parity.otherwise import (
    Otherwise,
    doing_nothing,
    forgetting,
    ignoring,
    ignoring_parameter,
    with_body,
    with_field,
    with_status,
    without,
)
from tests.parity.programs import REGRESSIONS, Call, as_json, from_json
from tests.parity.requests import NOOP, OPENING
from tests.parity.stage import open_stage
from tests.spec.document import implemented

TOUR = [
    *(from_json(json.loads(path.read_text())["steps"]) for path in reversed(REGRESSIONS)),
    [*OPENING, *(bases(each)[0] for each in implemented() if each.method != "delete")],
]
ANSWERS = {
    "another status": with_status(201, 200),
    "another status of refusals": with_status(404, 403),
    "no Location": without("location"),
    "no ETag": without("etag"),
    "no Allow": without("allow"),
    "no WWW-Authenticate": without("www-authenticate"),
    "no Idempotent-Replayed": without("idempotent-replayed"),
    "no Retry-After": without("retry-after"),
    "another media type of refusals": without("content-type"),
    "one field less": with_body(lambda found: {key: value for key, value in found.items() if key != "retry_of"}),
    "one field more": with_body(lambda found: found | {"colour": "red"}),
    "null for a list": with_field("filters", lambda _: []),
    "a number as text": with_field("team_id", str),
    "a float for an integer": with_field("count", float),
    "another order": with_field("results", lambda rows: rows[::-1]),
    "a time a little later": with_field("created_at", lambda time: time.replace(":30Z", ":30.000001Z")),
    "other words": with_field("detail", lambda text: text.rstrip(".")),
    "another field to blame": with_field("attr", lambda _: None),
    "a list without its last": with_field("results", lambda rows: rows[:-1]),
    "one id for two": with_field("backfill", lambda _: "019cadd4-5620-7c3e-9a41-5d2f7b6c8e10"),
    "no page after the first": with_field("next", lambda _: None),
}
DEEDS = {
    "nothing is deleted": doing_nothing("DELETE", "/"),
    "nothing is paused": doing_nothing("POST", "/pause/"),
    "nothing is cancelled": doing_nothing("POST", "/cancel/"),
    "repeated requests make another": ignoring("Idempotency-Key"),
    "changes are made whatever the version": ignoring("If-Match"),
    "a limit is not read": ignoring_parameter("limit"),
    "a cursor is not read": ignoring_parameter("cursor"),
    "a search is not made": ignoring_parameter("search"),
    "names are not kept": forgetting("interval"),
    "time zones are not kept": forgetting("timezone"),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with open_stage(tmp_path_factory.mktemp("gate")) as stage:
        yield stage


def bent(stage, **how):
    """The stage with a production that does something otherwise."""
    production = replace(stage.pair.production, client=Otherwise(stage.pair.production.client, **how))
    return replace(stage, pair=replace(stage.pair, production=production), figure=Figure())


@pytest.mark.parametrize("tell", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_otherwise_is_found(stage, tell):
    other = bent(stage, tell=tell)
    assert any(other.differs(program) for program in TOUR)


@pytest.mark.parametrize("ask", DEEDS.values(), ids=DEEDS)
def test_a_deed_that_is_otherwise_is_found(stage, ask):
    other = bent(stage, ask=ask)
    assert any(other.differs(program) for program in TOUR)


def test_a_difference_is_made_small_and_told_in_the_form_in_which_it_is_kept(stage):
    other = bent(stage, tell=with_status(201, 200))
    text = other.report(search(other.differs, 1))
    assert "status: 201 here, 200 there" in text
    kept = json.loads(text[text.index("{\n") :])
    assert [step["operation"] for step in kept["steps"]] == ["create_export"]
    assert other.differs(from_json(kept["steps"]))
    assert not stage.differs(from_json(kept["steps"]))


def test_a_program_that_the_worlds_answer_differently_fails_with_what_is_left_of_it(stage):
    other = bent(stage, ask=ignoring("Idempotency-Key"))
    again = Call("create_export", headers={"Idempotency-Key": "first"}, body=NOOP)
    with pytest.raises(AssertionError, match=r"headers/idempotent-replayed: 'true' here, 'absent' there") as failure:
        other.require_alike([*OPENING, again, Call("list_exports"), again, Call("list_exports")])
    text = str(failure.value)
    assert from_json(json.loads(text[text.index("{\n") :])["steps"]) == [again, again]


def test_only_what_a_program_fails_by_is_left_of_it():
    program = [Call("list_exports"), Call("create_export", body=NOOP), Call("list_exports"), Call("delete_export")]
    left = smallest(program, lambda tried: {"create_export", "delete_export"} <= {each.operation for each in tried})
    assert [each.operation for each in left] == ["create_export", "delete_export"]


@given(program=PROGRAMS)
def test_a_program_is_kept_and_read_as_it_was(program):
    assert from_json(json.loads(json.dumps(as_json(program)))) == program
