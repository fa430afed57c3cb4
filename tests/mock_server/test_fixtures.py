"""Fixtures of the user's own, beside the scenarios that come with the mock."""

import copy
import json
import re
import subprocess
import sys
from dataclasses import fields

import orjson
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from batch_exports.domain.activity import Activity
from batch_exports.domain.backfills import Backfill, BackfillStatus
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run, RunStatus
from mock_server.app import create_app
from mock_server.checking import check_scenario
from mock_server.cli import mock
from mock_server.documents import FixtureError, read_document
from mock_server.library import FIXTURES, Library, UnknownScenarioError
from mock_server.operations import Operations
from mock_server.personas import KEYS
from mock_server.plans import Plan
from mock_server.templates import Origin
from mock_server.world_fixture import world_fixture
from tests.mock_server.http import EXPORT_ID, EXPORTS, client_of
from tests.mock_server.worlds import open_world, requests
from tests.service import COMMAND, Service

SMALL = "description: {}\nprojects: [One, Two]\nexports: []\n"
CHANGED = f"extends: typical\ndescription: Mine.\nexports:\n  - id: {EXPORT_ID}\n    request: {{name: Renamed}}\n"
PLACE = re.compile(r":[1-9][0-9]*: /[^ ]*: .")
OPERATIONS = Operations(describe_operations(load_spec(), HandlerResolver("handlers")))

VALUES = st.sampled_from(
    [None, 7, -1, 1e300, 10**30, True, "x", "", "-5d", "5m", [], {}, [None], {"id": "x"}, [[]], "2026-03-02T15:32:00Z"]
)
MUTATIONS = st.tuples(st.integers(0, 10**6), st.sampled_from(["remove", "replace", "add"]), VALUES)


def check(document):
    return check_scenario(document, requests(), OPERATIONS)


def library_of(tmp_path, **texts):
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    library = Library([tmp_path])
    library.load(check)
    return library


def error_of(tmp_path, **texts):
    with pytest.raises(FixtureError) as caught:
        library_of(tmp_path, **texts)
    return str(caught.value)


def test_a_user_s_scenarios_stand_beside_those_that_come_with_the_mock_and_replace_them(tmp_path):
    library = library_of(tmp_path, mine=SMALL.format("Mine."), paused=SMALL.format("My own paused one."))
    assert library.own_names == ["mine", "paused"]
    assert set(Library().names) < set(library.names)
    assert library.describe()["paused"] == "My own paused one."
    assert library.read("paused").data["exports"] == []


def test_a_later_path_replaces_what_an_earlier_one_has_of_the_same_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.yaml").write_text(SMALL.format(name))
    library = Library([tmp_path / "a", tmp_path / "b" / "mine.yaml"])
    library.load(check)
    assert library.read("mine").data["description"] == "b"


def test_what_extends_a_scenario_has_all_of_it_but_what_it_says_itself(tmp_path):
    base, mine = Library().read("typical").data, library_of(tmp_path, mine=CHANGED).read("mine").data
    assert mine["description"] == "Mine."
    assert mine["projects"] == base["projects"]
    assert mine["exports"][1:] == base["exports"][1:]
    first = copy.deepcopy(base["exports"][0])
    first["request"]["name"] = "Renamed"
    assert mine["exports"][0] == first


def test_null_takes_away_and_a_new_id_adds(tmp_path):
    new = "019cadd4-5620-7c3e-9a41-5d2f7b6c8e99"
    text = CHANGED + f"    backfills: null\n  - id: {new}\n    created: -2d\n    request:\n      name: New\n"
    text += "      interval: hour\n      destination: {type: NoOp, config: {}}\n"
    exports = library_of(tmp_path, mine=text).read("mine").data["exports"]
    assert "backfills" not in exports[0]
    assert exports[-1]["id"] == new
    assert len(exports) == len(Library().read("typical").data["exports"]) + 1


def test_a_destination_of_another_type_keeps_no_setting_of_the_old_one(tmp_path):
    text = CHANGED.replace("{name: Renamed}", "{destination: {type: NoOp, config: {}}}")
    data = library_of(tmp_path, mine=text).read("mine").data
    assert data["exports"][0]["request"]["destination"] == {"type": "NoOp", "config": {}}


def test_a_scenario_may_extend_the_one_that_it_replaces_and_others_do_not_notice(tmp_path):
    library = library_of(tmp_path, typical=CHANGED, next="extends: typical\ndescription: Next.\n")
    assert library.read("typical").data["exports"][0]["request"]["name"] == "Renamed"
    assert library.read("next").data["exports"][0]["request"]["name"] == "Renamed"
    assert library.read("slow").data["exports"][0]["request"]["name"] != "Renamed"


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ({"a": "extends: nowhere\ndescription: A.\n"}, "a.yaml:1: /extends: There is no scenario 'nowhere'"),
        ({"a": "description: A.\nextends: 7\n"}, "a.yaml:2: /extends: this is not the name"),
        (
            {"a": "extends: b\ndescription: A.\n", "b": "description: B.\nextends: a\n"},
            "b.yaml:2: /extends: the scenario would extend itself",
        ),
        ({"a": "extends: a\ndescription: A.\n"}, "a.yaml:1: /extends: the scenario would extend itself"),
        ({"a": CHANGED + "    colour: red\n"}, "a.yaml:4: /exports/0: "),
        ({"a": CHANGED.replace("name: Renamed", "name: 7")}, "a.yaml:5: /exports/0/request/name: 7 is not of type"),
        ({"a": CHANGED + "    runs:\n      - {repeat: 0}\n"}, "a.yaml:7: /exports/0/runs/0/repeat: "),
        ({"a": CHANGED + "faults:\n  - do: {status: 200}\n"}, "a.yaml:7: /faults/0/do/status: "),
        ({"a": CHANGED + "faults:\n  - do: {status: 503, latency: 5}\n"}, "a.yaml:7: /faults/0/do/latency: "),
        (
            {"a": CHANGED + "faults:\n  - match: {operation: list_run}\n    do: {status: 503}\n"},
            "a.yaml:7: /faults/0/match/operation: There is no operation 'list_run'",
        ),
        ({"a": CHANGED + "progression: {mode: fast}\n"}, "a.yaml:6: /progression/mode: "),
        ({"a": CHANGED + "progression: {mode: clock, latest_error: x}\n"}, "a.yaml:6: /progression: "),
        ({"a": CHANGED + "personas: {root: read}\n"}, "a.yaml:6: /personas: "),
        ({"a": CHANGED + "exports: []\n"}, "a.yaml:6: /: not valid YAML: the key exports appears twice"),
        ({"a": CHANGED + "personas: null\n"}, "a.yaml:6: /personas: there is nothing that this could take away"),
        ({"a": CHANGED + f"  - id: {EXPORT_ID}\n"}, "a.yaml:6: /exports/1/id: another export has this id"),
        ({"a": CHANGED.replace("name: Renamed", "nmae: Renamed")}, "a.yaml:5: /exports/0/request: "),
        ({"a": SMALL.format("A.") + "7: x\n"}, "a.yaml:4: /: not valid YAML: a key is no text"),
        ({"a": SMALL.format(".nan")}, "a.yaml:1: /: not valid YAML: .nan is no number"),
        ({"a": SMALL.format("!!set {a}")}, "a.yaml:1: /: not valid YAML: the type"),
        ({"a": "&a [*a]"}, "a.yaml:1: /: not valid YAML"),
        ({"a": "[" * 5000 + "]" * 5000}, "a.yaml:1: /: nested too deeply"),
        ({"a": ""}, "a.yaml:1: /: "),
        ({"a b": SMALL.format("A.")}, "a b.yaml:1: /: a scenario's name has up to 64"),
    ],
)
def test_a_mistake_is_named_with_the_file_line_and_pointer_at_which_it_was_made(tmp_path, texts, place):
    assert place in error_of(tmp_path, **texts)


def test_a_mistake_in_what_is_extended_is_named_where_it_stands(tmp_path):
    base = SMALL.format("A.").replace("[]", "\n  - {id: 019cadd4-5620-7c3e-9a41-5d2f7b6c8e10, created: -1d}")
    assert "base.yaml:4: /exports/0: " in error_of(tmp_path, base=base, other="extends: base\ndescription: B.\n")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    assert "a.yaml:1: /: not a text in UTF-8" in error_of(tmp_path)
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "a.yaml").mkdir()
    assert "a.yaml:1: /: cannot be read" in error_of(tmp_path)


def test_what_cannot_be_used_changes_nothing(tmp_path):
    library = library_of(tmp_path, a=SMALL.format("Good."), b=SMALL.format("Good."))
    (tmp_path / "a.yaml").write_text(SMALL.format("Better."))
    (tmp_path / "b.yaml").write_text("nonsense: 1")
    with pytest.raises(FixtureError):
        library.load(check)
    assert library.read("a").data["description"] == "Good."


def test_an_unknown_name_is_answered_with_the_user_s_own_names_too(tmp_path):
    library = library_of(tmp_path, mine=SMALL.format("Mine."))
    with pytest.raises(UnknownScenarioError, match=r"mine.*typical"):
        library.read("nonsense")


def places_in(value, at=()):
    """The way to each part of a value."""
    yield at
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_in(each, (*at, key))


def mutated(data, number, kind, value):
    """A copy of a file's content in which one part is another, or is not there."""
    data = copy.deepcopy(data)
    ways = list(places_in(data))[1:]
    *way, last = ways[number % len(ways)]
    around = data
    for step in way:
        around = around[step]
    if kind == "remove":
        del around[last]
    elif kind == "replace":
        around[last] = value
    elif isinstance(around, list):
        around.append(value)
    else:
        around["unheard-of"] = value
    return data


def judge(path, data):
    """Load what a file would say: it works, or the error says where it does not."""
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True))
    library = Library([path])
    try:
        library.load(check)
    except FixtureError as error:
        assert str(error).startswith(f"{path}:")
        assert PLACE.match(str(error).removeprefix(str(path))), str(error)


SHIPPED = [path for path in sorted(FIXTURES.glob("*.yaml")) if path.stem not in {"large", "typical"}]


@settings(max_examples=120, deadline=None)
@given(path=st.sampled_from(SHIPPED), mutation=MUTATIONS)
def test_a_shipped_file_with_a_mistake_loads_or_says_where_the_mistake_is(tmp_path_factory, path, mutation):
    judge(tmp_path_factory.getbasetemp() / "mutated.yaml", mutated(read_document(path).data, *mutation))


@settings(max_examples=80, deadline=None)
@given(mutation=MUTATIONS)
def test_a_snapshot_with_a_mistake_loads_or_says_where_the_mistake_is(tmp_path_factory, snapshot, mutation):
    judge(tmp_path_factory.getbasetemp() / "mutated.yaml", mutated(snapshot, *mutation))


@pytest.fixture(scope="module")
def snapshot():
    return json.loads(orjson.dumps(world_fixture(open_world("all-statuses"), "Kept."), option=orjson.OPT_UTC_Z))


async def test_worlds_begin_with_a_user_s_scenario(tmp_path):
    app = create_app(Origin("mine"), library=library_of(tmp_path, mine=CHANGED))
    async with client_of(app) as client:
        assert (await client.get(f"{EXPORTS}{EXPORT_ID}/")).json()["name"] == "Renamed"
        listed = await client.get("/__mock/scenarios", headers={"X-Mock-Admin": "1", "Host": "localhost"})
    assert {"name": "mine", "description": "Mine."} in listed.json()["results"]


def test_the_installed_command_serves_a_user_s_scenario(tmp_path):
    (tmp_path / "mine.yaml").write_text(CHANGED)
    options = ("--fixtures", str(tmp_path), "--scenario", "mine")
    with Service("mock", "--port", "0", *options) as service, service.client() as client:
        assert client.get(f"/{EXPORT_ID}/").json()["name"] == "Renamed"


def run(command):
    """A command that ends by itself."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [("--port", "0", "--fixtures"), ("check",)])
def test_a_mistake_ends_the_command_with_exit_code_2_and_its_place(tmp_path, arguments):
    path = tmp_path / "mine.yaml"
    path.write_text(CHANGED.replace("name: Renamed", "name: 7"))
    ended = run([COMMAND, "mock", *arguments, path])
    assert ended.returncode == 2
    assert f"{path}:5: /exports/0/request/name: 7 is not of type" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_check_names_what_is_wrong_with_each_file(tmp_path):
    (tmp_path / "a.yaml").write_text("[")
    (tmp_path / "b.yaml").write_text(SMALL.format("7"))
    ended = run([sys.executable, "-m", "mock_server", "check", tmp_path])
    assert ended.returncode == 2
    assert [f"{name}.yaml:" in line for name, line in zip("ab", ended.stderr.splitlines(), strict=True)] == [True, True]
    assert len(ended.stdout.splitlines()) == len(Library().names)


def test_check_has_a_line_for_each_scenario(tmp_path):
    (tmp_path / "mine.yaml").write_text(CHANGED)
    ended = run([sys.executable, "-m", "mock_server", "check", tmp_path])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.partition(":")[0] for line in ended.stdout.splitlines()] == sorted([*Library().names, "mine"])


def test_routes_name_what_answers_each_operation():
    lines = CliRunner().invoke(mock, ["routes"], catch_exceptions=False).output.splitlines()
    assert [line.split()[0] for line in lines] == [operation.id for operation in OPERATIONS]
    assert "GET /{project_id}/batch_exports/ " in lines[0]
    assert lines[0].endswith("handlers.exports:list_exports")


@pytest.mark.parametrize("name", Library().names)
def test_an_exported_scenario_is_one_of_one_s_own(tmp_path, name):
    text = CliRunner().invoke(mock, ["export", "fixture", name], catch_exceptions=False).output
    assert library_of(tmp_path, own=text).read("own").data == Library().read(name).data


def test_the_form_knows_what_the_domain_and_the_control_api_know():
    form, rows = (
        yaml.load((FIXTURES.parent / f"{name}_schema.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        for name in ("scenario", "rows")
    )
    assert form["$defs"]["persona"]["enum"] == list(KEYS)
    for kind, known in (("run", RunStatus), ("backfill", BackfillStatus)):
        assert form["$defs"][kind]["properties"]["status"]["enum"] == list(known)
        assert rows["properties"][f"{kind}s"]["items"]["properties"]["status"]["enum"] == list(known)
    for kind, row in (("runs", Run), ("backfills", Backfill), ("logs", LogEntry), ("activity", Activity)):
        assert set(rows["properties"][kind]["items"]["properties"]) == {each.name for each in fields(row)}
    plan = {each.name for each in fields(Plan)} | {"run_id"}
    assert set(rows["properties"]["plans"]["items"]["properties"]) == plan


def test_watching_nothing_is_refused():
    ended = run([COMMAND, "mock", "--watch"])
    assert ended.returncode == 2
    assert "--fixtures" in ended.stderr
