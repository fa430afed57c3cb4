"""Keys made, limited, rotated and revoked by commands, while a service in another process admits and refuses them."""

import json
import os
import pwd
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.cli.commands import refusal_inside, said_inside
from tests.service import Service, wait_until

READ, WRITE = "batch_export:read", "batch_export:write"
RECORD = {
    "id", "prefix", "label", "scopes", "organization_id", "project_ids", "created_at", "expires_at", "revoked_at",
    "replaced_by",
}  # fmt: skip


class Office:
    """An operator's shell beside a service: both know only the folder."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url

    def do(self, *arguments):
        return json.loads(self.print(*arguments, "--json"))

    def print(self, *arguments):
        return said_inside(*arguments, "--data-dir", self.folder)

    def project(self, *arguments):
        return self.do("projects", "create", "--name", "Shop", *arguments)["id"]

    def ask(self, key, project):
        """What the service answers to a list of exports."""
        headers = {"Authorization": f"Bearer {key}"}
        address = f"{self.url}/api/projects/{project}/batch_exports/"
        return httpx.get(address, headers=headers, trust_env=False, timeout=60)

    def statuses(self, key, *projects):
        return [self.ask(key, project).status_code for project in projects]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office") / "data"
    with Service("serve", "--port", "0", "--data-dir", str(folder)) as service:
        office = Office(folder, service.facts["url"])
        office.do("organizations", "create", "--name", "Acme")
        yield office


@pytest.fixture
def organization(office):
    return office.do("organizations", "create", "--name", "Globex")["id"]


@pytest.fixture
def projects(office, organization):
    return [office.project("--organization", organization) for _ in range(2)]


def test_a_key_limited_to_a_project_is_told_so_in_another(office, projects):
    mine, other = projects
    key = office.do("keys", "create", "--project", mine, "--scope", READ)["key"]
    assert office.ask(key, mine).status_code == 200
    answer = office.ask(key, other)
    assert answer.status_code == 403
    assert answer.json()["detail"] == f"API key does not have access to the requested project: ID {other}."


def test_a_key_may_open_several_projects(office, organization, projects):
    both = [argument for project in projects for argument in ("--project", project)]
    made = office.do("keys", "create", *both, "--scope", READ)
    assert made["project_ids"] == projects
    third = office.project("--organization", organization)
    assert office.statuses(made["key"], *projects, third) == [200, 200, 403]


def test_an_organization_s_key_opens_its_projects_at_once_also_those_made_later(office, organization, projects):
    key = office.do("keys", "create", "--organization", organization, "--scope", READ)["key"]
    assert office.statuses(key, *projects) == [200, 200]
    elsewhere = office.do("organizations", "create", "--name", "Elsewhere")["id"]
    own, foreign = office.project("--organization", organization), office.project("--organization", elsewhere)
    assert office.statuses(key, own, foreign) == [200, 403]


def test_a_revoked_key_is_refused_at_the_very_next_request(office, projects):
    made = office.do("keys", "create", "--project", projects[0], "--scope", READ)
    assert office.statuses(made["key"], projects[0]) == [200]
    assert office.do("keys", "revoke", made["prefix"])["revoked_at"] is not None
    answer = office.ask(made["key"], projects[0])
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_during_the_grace_of_a_rotation_both_keys_work_and_without_one_only_the_new_one(office, projects):
    first = office.do("keys", "create", "--project", projects[0], "--scope", READ, "--label", "ci")
    second = office.do("keys", "rotate", first["prefix"])
    assert {name: second[name] for name in ("label", "scopes", "project_ids")} == {
        name: first[name] for name in ("label", "scopes", "project_ids")
    }
    for made in (first, second):
        assert office.statuses(made["key"], projects[0]) == [200]
    third = office.do("keys", "rotate", second["id"], "--grace", "0m")
    assert [office.statuses(made["key"], projects[0]) for made in (second, third)] == [[401], [200]]


def test_a_key_ends_when_it_was_said_to(office, projects):
    soon = datetime.now(UTC) + timedelta(seconds=4)
    made = office.do("keys", "create", "--project", projects[0], "--scope", READ, "--expires-at", soon.isoformat())
    assert datetime.fromisoformat(made["expires_at"]) == soon
    wait_until(lambda: office.statuses(made["key"], projects[0]) == [401], seconds=30)
    assert datetime.now(UTC) >= soon


def test_the_list_shows_everything_about_a_key_but_the_key(office, projects):
    made = office.do(
        "keys", "create", "--project", projects[0], "--scope", WRITE, "--label", "ci", "--expires-in", "90d"
    )
    (listed,) = office.do("keys", "list", "--project", projects[0])
    assert listed.keys() == RECORD | {"last_used_at"}
    assert {**listed, "key": made["key"]} == {**made, "last_used_at": listed["last_used_at"]}
    lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert timedelta(days=89, hours=23) < lifetime < timedelta(days=90, hours=1)
    for arguments in (["keys", "list"], ["keys", "list", "--json"], ["activity"], ["activity", "--json"]):
        shown = office.print(*arguments)
        assert made["id"] in shown
        assert made["key"] not in shown


def test_the_list_shows_when_a_key_was_used_last(office, projects):
    used, unused = (office.do("keys", "create", "--project", projects[0], "--scope", READ) for _ in range(2))
    begin = datetime.now(UTC)
    assert office.statuses(used["key"], projects[0]) == [200]
    shown = {each["id"]: each["last_used_at"] for each in office.do("keys", "list", "--project", projects[0])}
    assert begin <= datetime.fromisoformat(shown[used["id"]]) <= datetime.now(UTC)
    assert shown[unused["id"]] is None


def test_a_key_of_an_early_version_whose_prefix_nobody_kept_goes_on_and_can_be_named(office, projects, capsys):
    made = [office.do("keys", "create", "--project", projects[0], "--scope", READ) for _ in range(2)]
    with closing(sqlite3.connect(office.folder / "batch_exports.db")) as database, database:
        database.executemany("UPDATE api_keys SET prefix = '' WHERE id = ?", [(hexed(each),) for each in made])
    assert [each["prefix"] for each in office.do("keys", "list", "--project", projects[0])] == ["", ""]
    assert [office.statuses(each["key"], projects[0]) for each in made] == [[200], [200]]
    # An empty variable of a script must not hit one of them.
    assert "There is no key ''." in refusal_inside(capsys, "keys", "revoke", "", "--data-dir", str(office.folder))

    office.do("keys", "revoke", made[0]["key"])
    new = office.do("keys", "rotate", made[1]["id"])
    assert [office.statuses(each["key"], projects[0]) for each in (*made, new)] == [[401], [200], [200]]


def hexed(made):
    return made["id"].replace("-", "")


def test_lists_are_tables_with_a_line_each(office, projects):
    for name in ("organizations", "projects", "keys"):
        heading, *lines = office.print(name, "list").splitlines()
        assert heading.startswith("id ")
        assert [line.split()[0] for line in lines] == [str(each["id"]) for each in office.do(name, "list")]


def test_the_activity_of_a_project_tells_the_operator_s_doings_and_those_over_the_api(office, projects):
    made = office.do("keys", "create", "--project", projects[0], "--scope", WRITE, "--label", "ci")
    address = f"{office.url}/api/projects/{projects[0]}/batch_exports/"
    body = {"name": "Out", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}
    headers = {"Authorization": f"Bearer {made['key']}"}
    export = httpx.post(address, json=body, headers=headers, trust_env=False, timeout=60).json()["id"]

    entries = office.do("activity", "--project", projects[0])
    assert [(each["activity"], each["actor"]["type"]) for each in entries] == [
        ("created", "api_key"),
        ("key_created", "operator"),
        ("project_created", "operator"),
    ]
    assert entries[0]["actor"] == {"type": "api_key", "id": made["id"], "label": "ci"}
    assert office.do("activity", "--export", export) == entries[:1]
    assert office.do("activity", "--project", projects[0], "--limit", "2") == entries[:2]


def test_the_activity_tells_of_organizations_and_of_every_doing_with_a_key(office):
    organization = office.do("organizations", "create", "--name", "Initech")["id"]
    project = office.project("--organization", organization)
    first = office.do("keys", "create", "--project", project, "--scope", READ)
    second = office.do("keys", "rotate", first["id"])
    office.do("keys", "revoke", second["id"])

    entries = office.do("activity", "--limit", "6")
    assert [(each["activity"], each["key_prefix"]) for each in entries] == [
        ("key_revoked", second["prefix"]),
        ("key_rotated", first["prefix"]),
        ("key_created", second["prefix"]),
        ("key_created", first["prefix"]),
        ("project_created", None),
        ("organization_created", None),
    ]
    account = pwd.getpwuid(os.geteuid()).pw_name
    assert {tuple(each["actor"].values()) for each in entries} == {("operator", None, account)}
    assert {each["field"]: each["after"] for each in entries[-1]["changes"]} == {
        "organization_id": organization,
        "name": "Initech",
    }
    shown = office.print("activity", "--limit", "6")
    for named in ("Initech", f"operator {account}", first["prefix"], second["prefix"]):
        assert named in shown


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ("organizations create --name \t", "needs a name"),
        ("projects create --name Shop", "several organizations"),
        ("projects create --name Shop --organization 00000000-0000-0000-0000-000000000009", "no organization"),
        (f"organizations create --name {'a' * 256}", "at most 255 characters"),
        (f"projects create --name {'a' * 256}", "at most 255 characters"),
        (f"keys create --project 1 --scope {READ} --label {'a' * 256}", "at most 255 characters"),
        (f"keys create --project 999 --scope {READ}", "no project 999"),
        (f"keys create --project 1 --scope {READ} --expires-at 2020-01-01", "expired already"),
        ("keys list --project 999", "no project 999"),
        ("keys rotate phx_absent", "There is no key 'phx_absent'."),
        ("keys revoke 00000000-0000-0000-0000-000000000009", "There is no key"),
    ],
)
def test_what_cannot_be_done_is_one_line(office, capsys, arguments, cause):
    assert cause in refusal_inside(capsys, *arguments.split(" "), "--data-dir", str(office.folder))
