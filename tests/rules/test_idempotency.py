"""Requests that make something can be repeated without making it twice, in both worlds."""

import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from batch_exports.domain.keys import SCOPES
from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app
from batch_exports.settings import Settings
from mock_server.clock import frozen_clock
from tests.contract.worlds import mock_app, production_app
from tests.rules.callers import EARLIER, NOOP, OWN, PAST, S3, bearer, done, json_text, refusal
from tests.rules.conftest import production_world

NOT_KEPT = {"x-request-id", "idempotent-replayed"}
AT_ONCE = 8


@dataclass(frozen=True)
class Creation:
    """A request that makes something, and another one by the same operation."""

    path: str
    body: dict | None
    other_path: str
    other_body: dict | None


def creation_of(world, operation):
    """A request of an operation, about an export of its own."""
    export = world.new_export()
    path = f"{OWN}/{export}"
    if operation == "create_export":
        name = str(uuid4())
        return export, Creation(OWN, {**NOOP, "name": name}, OWN, {**NOOP, "name": name, "paused": True})
    if operation == "create_backfill":
        return export, Creation(f"{path}/backfills", PAST, f"{path}/backfills", EARLIER)
    if operation == "backfill_export":
        return export, Creation(f"{path}/backfill", PAST, f"{path}/backfill", EARLIER)
    ended, other = world.ended_run(export), world.runs(export)[0]["id"]
    return export, Creation(f"{path}/runs/{ended}/retry", None, f"{path}/runs/{other}/retry", None)


def made(world, export):
    """How much there is that creations make."""
    backfills = done(world.client.get(f"{OWN}/{export}/backfills"))["results"]
    return done(world.client.get(OWN))["count"], len(backfills), len(world.runs(export)), len(world.activity(export))


def ask(world, path, body, key, **headers):
    return world.client.post(path, json=body, headers={"Idempotency-Key": key, **headers})


def kept(answer):
    headers = {name: text for name, text in answer.headers.items() if name not in NOT_KEPT}
    return answer.status_code, answer.json(), headers


every_creation = pytest.mark.parametrize(
    "operation", ["create_export", "create_backfill", "backfill_export", "retry_run"]
)


@every_creation
def test_a_repeated_request_is_answered_as_the_first_one_and_makes_nothing(world, operation):
    export, it = creation_of(world, operation)
    first = ask(world, it.path, it.body, "same" + export)
    after_first = made(world, export)
    again = [ask(world, it.path, it.body, "same" + export) for _ in range(2)]

    assert first.is_success, first.text
    assert "Idempotent-Replayed" not in first.headers
    assert [kept(each) for each in again] == [kept(first)] * 2
    assert {each.headers["Idempotent-Replayed"] for each in again} == {"true"}
    assert made(world, export) == after_first


@every_creation
def test_a_key_that_was_used_for_another_request_is_refused_and_makes_nothing(world, operation):
    export, it = creation_of(world, operation)
    first = ask(world, it.path, it.body, "used" + export)
    after_first = made(world, export)

    answer = ask(world, it.other_path, it.other_body, "used" + export)

    assert refusal(answer, 409) == ("idempotency_key_reused", None)
    assert made(world, export) == after_first
    assert kept(ask(world, it.path, it.body, "used" + export)) == kept(first)


@every_creation
def test_many_requests_with_one_key_at_once_make_one_thing(world, operation):
    export, it = creation_of(world, operation)
    before = made(world, export)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: ask(world, it.path, it.body, "race" + export), range(AT_ONCE)))

    assert len({str(kept(each)) for each in answers}) == 1
    assert answers[0].is_success, answers[0].text
    assert sum("Idempotent-Replayed" not in each.headers for each in answers) == 1
    exports, backfills, *_ = made(world, export)
    assert (exports - before[0], backfills - before[1]) == ((1, 0) if operation == "create_export" else (0, 1))


@every_creation
def test_a_refused_request_keeps_nothing(world, operation):
    export, it = creation_of(world, operation)
    wrong = {
        "create_export": (it.path, {**NOOP, "offset_hour": 5}),
        "create_backfill": (it.path, {**PAST, "end_at": "2999-01-01T00:00:00Z"}),
        "backfill_export": (it.path, {**PAST, "end_at": PAST["start_at"]}),
        # Still running, which a retry has to wait for.
        "retry_run": (it.other_path, None),
    }[operation]
    before = made(world, export)
    for _ in range(2):
        refused = ask(world, *wrong, "again" + export)
        assert 400 <= refused.status_code < 500
        assert refused.json()["code"] != "idempotency_key_reused"
        assert "Idempotent-Replayed" not in refused.headers
    assert made(world, export) == before

    answer = ask(world, it.path, it.body, "again" + export)
    assert answer.is_success, answer.text
    assert "Idempotent-Replayed" not in answer.headers


def test_the_first_answer_stays_whatever_happens_to_what_was_made(world):
    first = ask(world, OWN, NOOP, "stays")
    path = f"{OWN}/{first.json()['id']}"
    done(world.client.patch(path, json={"name": "Renamed"}))
    assert kept(ask(world, OWN, NOOP, "stays")) == kept(first)
    world.client.delete(path)
    assert kept(ask(world, OWN, NOOP, "stays")) == kept(first)


def test_a_key_belongs_to_one_operation_on_one_export(world):
    first, second = world.new_export(), world.new_export()
    assert ask(world, f"{OWN}/{first}/backfills", PAST, "of-one").status_code == 201
    for path in (f"{OWN}/{first}/backfill", f"{OWN}/{second}/backfills"):
        assert refusal(ask(world, path, PAST, "of-one"), 409) == ("idempotency_key_reused", None)


def test_the_same_key_of_another_caller_is_another_key(world):
    first = ask(world, OWN, NOOP, "shared")
    theirs = ask(world, OWN, NOOP, "shared", **bearer("other_project"))
    assert (first.status_code, theirs.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in theirs.headers
    assert first.json()["id"] != theirs.json()["id"]
    assert theirs.json()["team_id"] == 2


def test_without_a_key_each_request_makes_something(world):
    answers = [world.client.post(OWN, json=NOOP) for _ in range(2)]
    assert len({each.json()["id"] for each in answers}) == 2


@settings(max_examples=15)
@given(st.permutations(list({**NOOP, "timezone": "UTC", "paused": False})), st.none() | st.integers(0, 4))
def test_how_a_body_is_written_does_not_matter(world, names, indent):
    body = {**NOOP, "timezone": "UTC", "paused": False}
    headers = {"Idempotency-Key": "written", "Content-Type": "application/json"}
    answers = [
        world.client.post(OWN, content=json_text(each, width), headers=headers)
        for each, width in ((body, None), ({name: body[name] for name in names}, indent))
    ]
    assert kept(answers[0]) == kept(answers[1])
    assert answers[1].headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "Schlüssel".encode("latin-1"), "tab\tbed"])
def test_a_key_that_cannot_be_is_refused(world, key):
    before = done(world.client.get(OWN))["count"]
    assert refusal(ask(world, OWN, NOOP, key), 400)[1] == "Idempotency-Key"
    assert done(world.client.get(OWN))["count"] == before


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255))
@settings(max_examples=15)
def test_any_visible_ascii_is_a_key(world, key):
    first, second = (ask(world, OWN, NOOP, key + "!"[: 255 - len(key)]) for _ in range(2))
    assert kept(first) == kept(second)
    assert first.status_code == 201


def test_an_answer_is_kept_for_a_day(tmp_path):
    app = mock_app(tmp_path, frozen_clock(datetime.now(UTC)))
    with TestClient(app, headers=bearer("admin")) as client:

        def made_at(after):
            app.world.clock.advance(after)
            answer = client.post(OWN, json={**NOOP, "paused": True}, headers={"Idempotency-Key": "daily"})
            return answer.json()["id"], answer.headers.get("Idempotent-Replayed")

        first, _ = made_at(timedelta(0))
        assert made_at(timedelta(days=1) - timedelta(seconds=1)) == (first, "true")
        second, replayed = made_at(timedelta(seconds=1))
        assert (second != first, replayed) == (True, None)
        # The day of the second one began with it.
        assert made_at(timedelta(days=1) - timedelta(seconds=1)) == (second, "true")


def test_what_is_kept_of_a_request_cannot_be_guessed_without_its_callers_key(tmp_path):
    with production_world(tmp_path) as world:
        tokens = [world.services(lambda found: found.access.create_key([1], SCOPES, "twin"))[0] for _ in range(2)]
        for token in tokens:
            answer = ask(world, OWN, {**NOOP, "destination": S3}, "same", Authorization=f"Bearer {token}")
            assert answer.status_code == 201, answer.text
        with closing(sqlite3.connect(tmp_path / "batch_exports.db")) as database:
            fingerprints = {text for (text,) in database.execute("SELECT fingerprint FROM answers")}
    assert len(fingerprints) == len(tokens)


def test_a_request_is_known_again_under_a_new_encryption_key(tmp_path):
    with TestClient(production_app(tmp_path), headers=bearer("admin")) as client:
        first = client.post(OWN, json=NOOP, headers={"Idempotency-Key": "rotated"})
    old_key, new_key = (tmp_path / "secret.key").read_text().strip(), b64encode(bytes(32)).decode()
    settings = Settings(data_dir=tmp_path, secret_key=new_key, old_secret_keys=(old_key,))
    with TestClient(create_app(settings, Instruments({})), headers=bearer("admin")) as client:
        again = client.post(OWN, json=NOOP, headers={"Idempotency-Key": "rotated"})
    assert first.status_code == 201, first.text
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
