import dataclasses
import re

import pytest

from batch_exports.cli import cli
from batch_exports.settings import PREFIX, Settings
from tests.invariants.reference import FOLDER, PAGES, commands


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_says_what_the_code_does(page):
    advice = "to renew it: python -m tests.invariants.reference"
    assert (FOLDER / page).read_text() == PAGES[page](), advice


def test_every_setting_is_in_the_reference_once():
    named = re.findall(rf"^\| `({PREFIX}[A-Z_]+)`", (FOLDER / "settings.md").read_text(), re.MULTILINE)
    assert named == [PREFIX + field.name.upper() for field in dataclasses.fields(Settings)]


def test_the_guides_name_only_settings_that_exist():
    known = {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)}
    known |= {str(option.envvar) for _, command in commands(cli, "") for option in command.params}
    texts = [path.read_text() for path in [*FOLDER.parent.rglob("*.md"), FOLDER.parents[1] / "README.md"]]
    assert texts
    assert set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", "".join(texts))) <= known
