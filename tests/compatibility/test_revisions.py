import os
import subprocess

import pytest

from batch_exports.compatibility.revisions import RevisionError, read_revision
from batch_exports.contract.spec import SpecError
from tests.compatibility.documents import CONTRACT as PRODUCT
from tests.compatibility.repositories import CONTRACT, commit, git, repository
from tests.service import COMMAND

SOURCE = PRODUCT.source
SHORTER = SOURCE.replace(b"maximum: 1000\n", b"maximum: 500\n", 1)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository whose contract has changed since the first commit, and which the test works in."""
    folder = repository(tmp_path / "repository", SOURCE, SHORTER)
    monkeypatch.chdir(folder)
    return folder


def refusal(name, **options):
    with pytest.raises((RevisionError, SpecError)) as error:
        read_revision(name, **options)
    return str(error.value)


def test_a_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_bytes(SHORTER)
    assert read_revision(str(path)).source == SHORTER


def test_a_revision_is_read_under_the_path_of_the_contract(checkout):
    assert read_revision("main~1", beside=CONTRACT).source == SOURCE
    assert read_revision("main", beside=CONTRACT).source == SHORTER


def test_a_revision_and_a_path_are_read_from_wherever_the_repository_is(checkout, monkeypatch):
    assert read_revision(f"main~1:{CONTRACT}").source == SOURCE
    monkeypatch.chdir(checkout / "openapi")
    assert read_revision(f"main~1:{CONTRACT}").source == SOURCE


def test_what_is_not_committed_is_no_part_of_a_revision(checkout):
    (checkout / CONTRACT).write_bytes(b"not committed")
    assert read_revision("HEAD", beside=CONTRACT).source == SHORTER


def test_a_revision_that_git_does_not_know_comes_with_the_way_to_fetch_it(checkout):
    assert "git fetch --depth=1 origin main" in refusal("origin/main", beside=CONTRACT)


def test_the_history_that_a_shallow_clone_lacks_comes_with_the_way_to_fetch_it(checkout, tmp_path, monkeypatch):
    git(tmp_path, "clone", "--quiet", "--depth=1", checkout.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    assert read_revision("origin/main", beside=CONTRACT).source == SHORTER
    assert "shallow clone" in refusal("main~1", beside=CONTRACT)


def test_the_base_branch_is_found_after_the_fetch_that_the_refusal_names(checkout, tmp_path, monkeypatch):
    git(checkout, "checkout", "--quiet", "-b", "work", "main~1")
    commit(checkout, SOURCE + b"# work\n")
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=work", checkout.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    advice = refusal("origin/main", beside=CONTRACT).partition("`git ")[2].partition("`")[0]
    git(tmp_path / "shallow", *advice.split())
    assert read_revision("origin/main", beside=CONTRACT).source == SHORTER


def test_a_path_that_a_revision_does_not_have_is_named(checkout):
    assert "openapi/other.yaml" in refusal("main:openapi/other.yaml")


def test_without_a_repository_a_file_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "there is no git repository here" in refusal("main:contract.yaml")


def test_without_git_a_file_is_asked_for(tmp_path):
    done = subprocess.run(
        [COMMAND, "compare", "main"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "git is not installed" in done.stderr


@pytest.mark.parametrize("name", ["--output=stolen", "-p", "", ":", ":openapi/batch_exports.yaml"])
def test_what_looks_like_an_option_is_no_revision(checkout, name):
    assert "neither a file nor a git revision" in refusal(name)
    assert sorted(each.name for each in checkout.iterdir()) == [".git", "openapi"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"[]", "not an OpenAPI document"),
        (b"paths: {}", "not valid OpenAPI 3.0"),
        (b"paths: {", "contract.yaml"),
        (b"\xff\xfe\x00", "contract.yaml"),
        (SOURCE + b"x-more: {$ref: '#/components/nowhere'}\n", "#/components/nowhere refers to nothing"),
        (SOURCE + b"x-more: {$ref: other.yaml}\n", "only references into the same document"),
        (SOURCE + b"x-more: &more [*more]\n", "holds itself"),
    ],
)
def test_what_is_no_contract_is_refused_with_its_name(tmp_path, source, reason):
    path = tmp_path / "contract.yaml"
    path.write_bytes(source)
    said = refusal(str(path))
    assert reason in said
    assert said.startswith(f"{path}: ")
    assert said.count("contract.yaml") == 1
