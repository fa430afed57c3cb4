"""`batch-exports compare`, as a CI runs it."""

import json
import re

import pytest

from batch_exports.cli import run
from batch_exports.compatibility.releases import file_release
from batch_exports.contract.spec import parse_spec
from tests.compatibility.documents import CONTRACT as PRODUCT
from tests.compatibility.repositories import CONTRACT, repository
from tests.spec.document import PATH

SOURCE = PRODUCT.source
BREAKING = SOURCE.replace(b"maximum: 1000\n", b"maximum: 500\n", 1)
WIDER = SOURCE.replace(b"maximum: 1000\n", b"maximum: 2000\n", 1)
VERSION = PRODUCT.document["info"]["version"]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository whose working contract has smaller pages than the one on `main`."""
    folder = repository(tmp_path / "repository", SOURCE)
    (folder / CONTRACT).write_bytes(BREAKING)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def told(capsys):
    """Runs the command: its exit code, and what it says on standard output, or else in its refusal."""

    def ask(*arguments):
        code = run(["compare", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.err if code == 2 else said.out

    return ask


def released(folder, source=SOURCE):
    file_release(folder / "releases", parse_spec(source))
    return ["--releases", folder / "releases"]


def test_a_breaking_change_against_the_base_branch_fails(checkout, told):
    code, text = told("main", CONTRACT)
    assert code == 1
    assert "BREAKING" in text
    assert "`limit` has `maximum` 500, was 1000." in text
    assert "list_exports" in text
    assert "A client that sends what was taken until now is refused." in text
    assert f"From main to {CONTRACT}: 1 breaking." in text


def test_a_compatible_change_passes(checkout, told):
    (checkout / CONTRACT).write_bytes(WIDER)
    code, text = told("main", CONTRACT)
    assert (code, text.partition(" ")[0]) == (0, "compatible")


def test_the_same_contract_passes(checkout, told):
    assert told("HEAD", f"HEAD:{CONTRACT}") == (0, f"From HEAD to HEAD:{CONTRACT}: no changes.\n")


def test_the_revision_is_the_products_contract_unless_another_is_named(told):
    code, text = told(PATH, "--format", "json")
    assert (code, json.loads(text)["revision"]) == (0, "openapi/batch_exports.yaml")


def test_programs_get_every_change_with_its_place_and_reason(checkout, told):
    code, text = told("main", CONTRACT, "--format", "json")
    data = json.loads(text)
    assert (code, data["verdict"], data["breaking"]) == (1, "breaking", True)
    assert data["counts"] == {"breaking": 1, "undecided": 0, "compatible": 0, "documentation": 0}
    (change,) = data["changes"]
    assert change["pointer"] == "#/components/parameters/Limit/schema/maximum"
    assert BREAKING.decode().splitlines()[change["line"] - 1].strip() == "maximum: 500"
    assert (change["kind"], change["direction"], change["subject"]) == ("bound-tightened", "request", "limit")
    assert change["operations"] == ["list_exports"]
    assert change["breaks"]
    assert change["advice"]


def test_a_pull_request_gets_an_annotation_at_the_line(checkout, told):
    code, text = told("main", CONTRACT, "--format", "github")
    match = re.match(r"::error file=(.+),line=([0-9]+),title=bound-tightened::`limit` has", text)
    assert (code, match[1]) == (1, CONTRACT)
    assert "maximum" in BREAKING.decode().splitlines()[int(match[2]) - 1]


def test_an_annotation_stays_on_its_line_whatever_is_in_it(checkout, told, tmp_path):
    path = checkout / "100%,a:b.yaml"
    path.write_bytes(BREAKING)
    _, text = told("main:" + CONTRACT, path.name, "--format", "github")
    assert "file=100%25%2Ca%3Ab.yaml," in text
    assert len(text.splitlines()) == 2


def test_a_review_gets_a_list_by_verdict(checkout, told):
    code, text = told("main", CONTRACT, "--format", "markdown")
    assert code == 1
    assert text.startswith("### Contract: From main")
    assert "#### Breaking\n\n- `limit` has `maximum` 500, was 1000." in text
    assert "  - Instead: " in text


def test_before_the_first_release_every_change_is_free(checkout, told):
    code, text = told("--releases", "releases")
    assert (code, text) == (0, "No release is filed: every change is free.\n")
    assert told("main", CONTRACT, "--announced", "--releases", "releases")[0] == 0


@pytest.mark.parametrize("form", ["json", "markdown", "github"])
def test_before_the_first_release_every_format_says_so(checkout, told, form):
    code, text = told("--releases", "releases", "--format", form)
    assert code == 0
    assert json.loads(text)["base"] is None if form == "json" else "No release is filed" in text


def test_the_base_is_the_last_release_unless_one_is_named(tmp_path, told):
    releases = released(tmp_path)
    code, text = told(*releases)
    assert (code, text) == (0, f"From the release {VERSION} to openapi/batch_exports.yaml: no changes.\n")


def test_a_breaking_change_that_is_announced_passes(checkout, told):
    releases = released(checkout)
    (checkout / CONTRACT).write_bytes(BREAKING.replace(f"version: {VERSION}".encode(), b"version: 99.0.0", 1))
    (checkout / "CHANGELOG.md").write_text("## Next\n\n- Contract 99.0.0: `limit` of `list_exports` is at most 500.\n")
    code, text = told("main", CONTRACT, "--announced", *releases)
    assert (code, text.splitlines()[-1]) == (0, f"From main to {CONTRACT}: 1 breaking. Nothing is left to announce.")
    assert told("main", CONTRACT, *releases)[0] == 1


def test_a_breaking_change_that_is_not_announced_fails_and_says_what_is_missing(checkout, told):
    releases = released(checkout)
    (checkout / "CHANGELOG.md").write_text("## Next\n\n- Nothing.\n")
    code, text = told("main", CONTRACT, "--announced", *releases)
    assert code == 1
    assert f"Not announced: info.version is {VERSION}" in text
    assert "does not name `limit`" in text


def test_a_release_is_filed_once(tmp_path, told):
    folder = tmp_path / "releases"
    code, text = told("--release", "--releases", folder)
    assert (code, text.splitlines()[-1]) == (0, f"Filed as {folder / VERSION}.yaml")
    assert (folder / f"{VERSION}.yaml").read_bytes() == SOURCE
    code, text = told("--release", "--releases", folder)
    assert (code, f"{VERSION} has been released" in text) == (2, True)


def test_a_release_that_does_not_announce_its_changes_is_not_filed(tmp_path, told):
    releases = released(tmp_path, BREAKING.replace(f"version: {VERSION}".encode(), b"version: 0.9.0", 1))
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## Next\n")
    code, text = told("--release", *releases, "--changelog", changelog)
    assert code == 1
    assert "Not announced" in text
    assert not (tmp_path / "releases" / f"{VERSION}.yaml").exists()


def test_a_release_that_was_changed_stops_the_comparison(tmp_path, told):
    releases = released(tmp_path)
    (tmp_path / "releases" / f"{VERSION}.yaml").write_bytes(BREAKING)
    code, text = told(*releases)
    assert code == 2
    assert "not what was released" in text


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ("nowhere.yaml", "'nowhere.yaml' is no file"),
        ("pyproject.toml", "pyproject.toml: "),
        ("--format xml", "'xml' is not one of"),
        ("--release main", "leave out BASE and REVISION"),
        ("one two three", "unexpected extra argument"),
        ("openapi/batch_exports.yaml --announced --changelog absent.md --releases releases", "absent.md"),
    ],
)
def test_a_wrong_question_is_answered_by_one_line(told, tmp_path, arguments, cause):
    released(tmp_path)
    code, text = told(*arguments.replace("--releases releases", f"--releases {tmp_path}/releases").split())
    assert (code, len(text.splitlines())) == (2, 1)
    assert cause in text
