"""The guide's way from an edit of the contract to a tested stub, followed word for word."""

import re

import pytest

from tests.spec.document import ROOT
from tests.stubs.checkout import PARTS, copy_checkout, in_checkout, stubs

SECTION = (ROOT / "docs" / "guide" / "ci.md").read_text().partition("## Add an operation")[2].partition("\n## ")[0]
OPERATION, ENTRY, CODE = (re.search(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)[1] for language in
                          ("yaml", "markdown", "python"))  # fmt: skip
BELOW = "\n  /{project_id}/batch_exports/{id}/unpause/:\n"
SUITES = ("spec/test_operations", "spec/test_links", "spec/test_handlers", "spec/test_releases", "compat/test_replay")


def insert(path, before, text):
    old = path.read_text()
    assert old.count(before) >= 1
    path.write_text(old.replace(before, text + before, 1))


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A checkout after what the guide asks for, and what the command said."""
    checkout = copy_checkout(tmp_path_factory.mktemp("guide"), (*PARTS, "tests", "CHANGELOG.md"))
    contract = checkout / "openapi" / "batch_exports.yaml"
    insert(contract, BELOW, f"\n{OPERATION.rstrip()}\n")
    old, new = re.search(r"goes from (\S+) to (\S+),", SECTION).groups()
    contract.write_text(contract.read_text().replace(f"version: {old}\n", f"version: {new}\n", 1))
    insert(checkout / "CHANGELOG.md", "- ", ENTRY)
    return checkout, stubs(checkout)


def test_the_command_says_and_writes_what_the_guide_shows(followed):
    checkout, done = followed
    assert (done.returncode, done.stderr) == (0, "")
    assert f"`{done.stdout.strip()}`" in SECTION
    before, after = (each.joinpath("handlers", "exports.py").read_text() for each in (ROOT, checkout))
    assert after.replace("from batch_exports.contract.stub import stub\n", "") == f"{before}\n\n{CODE}"


def test_the_suites_pass_with_a_stub_in_place(followed):
    files = [f"tests/{each}.py" for each in (*SUITES, "contract/test_authorization")]
    chosen = " or ".join([*(each.partition("/")[2] for each in SUITES), "get_pulse"])
    done = in_checkout(followed[0], "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", chosen)
    assert done.returncode == 0, done.stdout
