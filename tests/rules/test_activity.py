"""The audit log: every change leaves one entry that says who, what and when, and no secret, in both worlds."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.conformance.right_requests import Objects, send
from batch_exports.ports import ActivityQuery
from tests.rules.callers import NOOP, OWN, PAST, S3, bearer, done, refusal
from tests.spec.document import implemented

CHECKS = {"run_new_test_step", "run_test_step"}
READS = [each for each in implemented() if each.method.upper() == "GET" or each.id in CHECKS]
SECRETS = ("canary-key-id", "canary-secret", "canary-rotated")
ID = "asked-for.1"
EARLIER = {"start_at": "2024-02-28T20:00:00Z", "end_at": "2024-02-28T22:00:00Z"}
"""Past, and not the range of the backfill that a scene has."""


@dataclass(frozen=True)
class Scene:
    """An export, with a backfill and runs of it: one goes on, one was cancelled."""

    world: Any
    path: str
    backfill: str
    running: str
    ended: str

    @property
    def export(self):
        return self.path.rpartition("/")[2]

    def ask(self, method, path="", body=None, **headers):
        return self.world.client.request(
            method, f"{self.path}{path}", json=body, headers={"X-Request-Id": ID, **headers}
        )

    def activity(self):
        return self.world.activity(self.export)


@pytest.fixture
def scene(world):
    export = world.new_export(destination=S3)
    ended = world.ended_run(export)
    running = next(run["id"] for run in world.runs(export) if run["status"] == "Starting")
    backfill = done(world.client.get(f"{OWN}/{export}/backfills"))["results"][0]["id"]
    return Scene(world, f"{OWN}/{export}", backfill, running, ended)


# By operation: the request, and what the entry says.
CHANGES = {
    "replace_export": (lambda scene: scene.ask("PUT", "", {**NOOP, "name": "New", "destination": S3}), "updated"),
    "update_export": (lambda scene: scene.ask("PATCH", "", {"name": "New"}), "updated"),
    "pause_export": (lambda scene: scene.ask("POST", "/pause"), "paused"),
    "cancel_run": (lambda scene: scene.ask("POST", f"/runs/{scene.running}/cancel"), "run_cancelled"),
    "retry_run": (lambda scene: scene.ask("POST", f"/runs/{scene.ended}/retry"), "run_retried"),
    "create_backfill": (lambda scene: scene.ask("POST", "/backfills", EARLIER), "backfill_created"),
    "backfill_export": (lambda scene: scene.ask("POST", "/backfill", EARLIER), "backfill_created"),
    "cancel_backfill": (
        lambda scene: scene.ask("POST", f"/backfills/{scene.backfill}/cancel"),
        "backfill_cancelled",
    ),
}
ELSEWHERE = {"create_export", "delete_export", "unpause_export"}


def changes_of(entry):
    return {change["field"]: (change["before"], change["after"]) for change in entry["changes"]}


def entry_by_admin(world, entry):
    return entry["request_id"] == ID and entry["actor"] == {"type": "api_key", "id": world.key_id, "label": "admin"}


def test_every_operation_of_the_contract_is_looked_at():
    named = {*CHANGES, *ELSEWHERE, *(each.id for each in READS)}
    assert named == {each.id for each in implemented()}


@pytest.mark.parametrize("operation", CHANGES)
def test_a_change_leaves_one_entry_that_says_what_who_and_by_which_request(scene, operation):
    ask, kind = CHANGES[operation]
    before = scene.activity()
    answer = done(ask(scene))

    [entry, *rest] = scene.activity()
    assert rest == before
    assert entry["activity"] == kind
    assert entry_by_admin(scene.world, entry)
    assert UUID(entry["id"]) not in [UUID(each["id"]) for each in before]
    expected_run = {"cancel_run": scene.running, "retry_run": answer.get("run_id")}.get(operation)
    expected_backfill = scene.backfill if operation == "cancel_backfill" else answer.get("backfill_id")
    assert entry["run_id"] in (expected_run, scene.ended if operation == "retry_run" else expected_run)
    assert entry["backfill_id"] == expected_backfill


def test_a_new_export_begins_with_its_creation(world):
    made = done(world.client.post(OWN, json={**NOOP, "destination": S3}, headers={"X-Request-Id": ID}))
    [entry] = world.activity(made["id"])
    assert (entry["activity"], entry["changes"], entry["run_id"], entry["backfill_id"]) == ("created", [], None, None)
    assert entry_by_admin(world, entry)


def test_going_on_leaves_an_entry_and_another_for_the_backfill_that_it_makes(scene):
    done(scene.ask("POST", "/pause"))
    before = scene.activity()
    answer = done(scene.ask("POST", "/unpause", {"backfill": True}))
    new = scene.activity()[: -len(before)]
    made = [] if answer["backfill_id"] is None else [("backfill_created", answer["backfill_id"])]
    assert {(each["activity"], each["backfill_id"]) for each in new} == {("unpaused", None), *made}
    assert len(new) == 1 + len(made)
    assert all(entry_by_admin(scene.world, entry) for entry in new)


def test_a_deletion_is_known_to_the_operator_alone(scene):
    before = len(scene.activity())
    assert scene.ask("DELETE").status_code == 204

    assert refusal(scene.ask("GET", "/activity"), 404)[0] == "not_found"
    query = ActivityQuery(export_id=UUID(scene.export), limit=100)
    entries = scene.world.services(lambda services: services.activity.page(query))
    assert len(entries) == before + 1
    [last] = [entry for entry in entries if entry.kind == "deleted"]
    assert (last.actor.id, last.actor.label, last.actor.request_id) == (scene.world.key_id, "admin", ID)


@pytest.mark.parametrize("operation", READS, ids=lambda each: each.id)
def test_what_changes_nothing_leaves_no_entry(scene, operation):
    before = scene.activity()
    objects = Objects(scene.export, scene.backfill, scene.running)
    answer = send(scene.world.client, operation, objects, {})
    assert answer.is_success or operation.id in CHECKS, answer.text
    assert scene.activity() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "", {"name": "Events"}), ("POST", "/unpause", {}), ("PATCH", "", {}), ("PATCH", "", {"paused": False})],
)
def test_a_change_to_what_is_already_so_leaves_no_entry(scene, method, path, body):
    before = scene.activity()
    done(scene.ask(method, path, body))
    assert scene.activity() == before


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda scene: scene.ask("PATCH", "", {"offset_hour": 5})),
        (400, lambda scene: scene.ask("POST", "/backfills", {**PAST, "end_at": "2999-01-01T00:00:00Z"})),
        (400, lambda scene: scene.ask("POST", f"/runs/{scene.ended}/cancel")),
        (403, lambda scene: scene.ask("DELETE", **bearer("read"))),
        (404, lambda scene: scene.ask("PATCH", "", {"name": "Theirs"}, **bearer("other_project"))),
        (404, lambda scene: scene.ask("POST", f"/runs/{scene.backfill}/retry")),
        (412, lambda scene: scene.ask("DELETE", **{"If-Match": '"0"'})),
    ],
)
def test_a_refused_change_leaves_no_entry(scene, status, ask):
    before = scene.activity()
    refusal(ask(scene), status)
    assert scene.activity() == before


def test_a_repeated_request_leaves_one_entry(scene):
    before = scene.activity()
    for _ in range(3):
        done(scene.ask("POST", "/backfills", EARLIER, **{"Idempotency-Key": scene.export}))
    assert len(scene.activity()) == len(before) + 1


some_settings = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Events", "Ereignisse"]),
        "interval": st.sampled_from(["hour", "every 5 minutes"]),
        "timezone": st.sampled_from(["UTC", "Asia/Tokyo"]),
        "paused": st.booleans(),
        "destination.config.prefix": st.sampled_from(["events", "other/"]),
        "destination.config.compression": st.sampled_from(["gzip", None]),
        "destination.config.aws_secret_access_key": st.sampled_from(["canary-secret", "canary-rotated"]),
    },
)


def nested(fields):
    body = {name: value for name, value in fields.items() if "." not in name}
    config = {name.rpartition(".")[2]: value for name, value in fields.items() if "." in name}
    return body | ({"destination": {"config": config}} if config else {})


@settings(max_examples=30)
@given(st.lists(some_settings, min_size=1, max_size=4))
def test_an_entry_tells_exactly_the_fields_that_changed_and_of_secrets_only_their_names(world, bodies):
    destination = {"type": "S3", "config": {**S3["config"], "compression": "brotli"}}
    export = world.new_export(destination=destination)
    known = {"name": "Events", "interval": "hour", "timezone": "UTC", "paused": False}
    known |= {f"destination.config.{name}": value for name, value in destination["config"].items()}
    for fields in bodies:
        before = world.activity(export)
        done(world.client.patch(f"{OWN}/{export}", json=nested(fields)))
        after = world.activity(export)
        changed = {name: value for name, value in fields.items() if known.get(name) != value}
        if not changed:
            assert after == before
            continue
        assert after[1:] == before
        told = changes_of(after[0])
        secret = {each["field"] for each in after[0]["changes"] if each["secret"]}
        assert told.keys() == changed.keys()
        assert secret == {name for name in changed if name.endswith("_key")}
        for name, value in changed.items():
            assert told[name] == ((None, None) if name in secret else (known.get(name), value))
        known |= changed


def test_no_entry_ever_holds_a_secret(scene):
    done(scene.ask("PATCH", "", {"destination": {"config": {"aws_secret_access_key": "canary-rotated"}}}))
    done(scene.ask("PUT", "", {**NOOP, "destination": S3}))
    text = scene.ask("GET", "/activity").text
    assert "aws_secret_access_key" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_another_project_s_key_sees_nothing(scene):
    theirs = bearer("other_project")
    assert refusal(scene.ask("GET", "/activity", **theirs), 404)[0] == "not_found"
    path = f"/api/projects/1/batch_exports/{scene.export}/activity"
    assert refusal(scene.world.client.get(path, headers=theirs), 403)[0] == "permission_denied"


def test_a_key_that_may_read_sees_it_all(scene):
    assert done(scene.ask("GET", "/activity", **bearer("read")))["results"] == scene.activity()


@settings(max_examples=10)
@given(st.integers(1, 8))
def test_pages_are_complete_in_both_directions(world, limit):
    export = world.new_export()
    for number in range(7):
        done(world.client.patch(f"{OWN}/{export}", json={"name": f"Number {number}"}))
    everything = world.activity(export)

    pages = [done(world.client.get(f"{OWN}/{export}/activity", params={"limit": limit}))]
    while pages[-1]["next"]:
        pages.append(done(world.client.get(pages[-1]["next"])))
    assert [entry for page in pages for entry in page["results"]] == everything
    assert pages[0]["previous"] is None

    back = pages[-1:]
    while back[-1]["previous"]:
        back.append(done(world.client.get(back[-1]["previous"])))
    assert [page["results"] for page in back] == [page["results"] for page in reversed(pages)]
    assert [entry["created_at"] for entry in everything] == sorted(
        (entry["created_at"] for entry in everything), reverse=True
    )
