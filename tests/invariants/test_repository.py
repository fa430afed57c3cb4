"""What holds for every file: its size, its words, and what must never be in it."""

import ast
import re
import statistics

import pytest

from tests.invariants.repository import ROOT, files, functions, length, modules, shown, source_modules

# Put together here, so that this file is none of those that hold them.
OPEN_ENDS = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|X" + r"XX)\b")
MACHINE = re.compile(
    "|".join(
        ["/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/\w", r"pypi\." + "org", "pythonhosted" + r"\.", "npmjs" + r"\."]
    )
)


def texts():
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode()


def places(pattern):
    return [
        f"{shown(path, number)}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_to_be_done_in_a_comment():
    assert places(OPEN_ENDS) == []


def test_no_file_names_this_machine_or_a_package_registry():
    assert places(MACHINE) == []


def test_the_patterns_find_what_they_look_for():
    assert OPEN_ENDS.search("# TO" + "DO: later")
    assert MACHINE.search("https://registry.npmjs" + ".org/x")
    assert MACHINE.search("cd /ro" + "ot/x")


def test_every_shipped_module_says_why_it_exists():
    silent = [path for path, tree in source_modules().items() if not ast.get_docstring(tree)]
    assert [shown(path) for path in silent if path.read_text().strip()] == []


def test_no_module_is_longer_than_500_lines():
    assert [shown(path) for path in modules() if len(path.read_text().splitlines()) > 500] == []


def test_no_function_is_longer_than_60_lines():
    long = [
        shown(path, each.lineno) for path, tree in modules().items() for each in functions(tree) if length(each) > 60
    ]
    assert long == []


def test_half_of_the_shipped_functions_are_shorter_than_12_lines():
    lengths = [length(each) for tree in source_modules().values() for each in functions(tree)]
    assert len(lengths) > 500
    assert statistics.median(lengths) < 12


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc", "manager"])
def test_no_module_has_a_name_that_says_nothing(name):
    assert [shown(path) for path in modules() if path.stem == name] == []


def test_the_architecture_is_told_in_under_60_lines():
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) < 60


def test_the_readme_and_the_guides_name_only_commands_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "mock", "test", "install", "check"} <= targets
    named = set()
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")]:
        named |= set(re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_exception_to_a_type_check_gives_its_code_and_its_reason():
    bare = re.compile(r"# type: ignore(?!\[[a-z-]+(, ?[a-z-]+)*\]  # \w)")
    shipped = source_modules()
    found = [
        shown(path, number)
        for path in shipped
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []
