import os

import pytest

from tests.mutants.fault import Fault
from tests.mutants.suites import Suite
from tests.mutants.tree import PROJECT, Tree
from tests.mutants.trial import TrialBroken, require_sound, try_fault

FAULT = Fault(id="wrong", breaks="two is three", file="two.py", before="2", after="3", unit=("test_two.py",))
QUICKLY = ("-p", "no:schemathesis")
SUITE = Suite(name="unit", seconds=60, options=QUICKLY)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "two.py").write_text("TWO = 2\n")
    (tmp_path / "test_two.py").write_text("from two import TWO\n\n\ndef test_two():\n    assert TWO == 2\n")
    (tmp_path / "test_blind.py").write_text("def test_nothing():\n    pass\n")
    (tmp_path / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(60)\n")
    # What pytest is told to load from the project.
    (tmp_path / "tests").symlink_to(PROJECT / "tests")
    return Tree(tmp_path)


def blind(name):
    return Suite(name=name, seconds=60, paths=("test_blind.py",), options=QUICKLY)


def test_the_first_suite_that_fails_has_caught_a_fault_and_the_file_is_as_before(tree):
    verdicts = try_fault(tree, FAULT, [blind("cheap"), SUITE, blind("dear")], all_suites=False)

    assert [(verdict.suite, verdict.caught, verdict.by) for verdict in verdicts] == [
        ("cheap", False, ""),
        ("unit", True, "test_two.py::test_two"),
    ]
    assert (tree.root / "two.py").read_text() == "TWO = 2\n"


def test_all_suites_are_asked_when_told_so(tree):
    verdicts = try_fault(tree, FAULT, [SUITE, blind("dear")], all_suites=True)

    assert [verdict.caught for verdict in verdicts] == [True, False]


def test_a_suite_that_is_not_there_or_looks_elsewhere_is_not_asked(tree):
    absent = Suite(name="absent", seconds=60, paths=("tests/absent",))
    elsewhere = Suite(name="elsewhere", seconds=60, judges=("openapi/",))

    assert try_fault(tree, FAULT, [absent, elsewhere], all_suites=True) == []


@pytest.mark.parametrize("hangs", [False, True])
def test_a_suite_that_does_not_end_catches_only_a_fault_that_hangs(tree, hangs):
    slow = Suite(name="slow", seconds=2, paths=("test_slow.py",), options=QUICKLY)
    fault = Fault(id="slow", breaks="", file="two.py", before="2", after="3", unit=(), hangs=hangs)

    assert [(each.by, each.caught) for each in try_fault(tree, fault, [slow], all_suites=False)] == [("timeout", hangs)]


def test_suites_that_fail_without_a_fault_prove_nothing(tree):
    assert [verdict.caught for verdict in require_sound(tree, [SUITE], [FAULT])] == [False]

    FAULT.seed(tree.root)
    with pytest.raises(TrialBroken, match="test_two"):
        list(require_sound(tree, [SUITE], [FAULT]))


def test_tests_that_cannot_be_run_have_caught_nothing(tree):
    (tree.root / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")

    with pytest.raises(TrialBroken, match=os.fspath("no-such-option")):
        try_fault(tree, FAULT, [SUITE], all_suites=False)
