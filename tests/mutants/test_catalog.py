from collections import Counter

import pytest
import yaml

from tests.mutants.catalog.every import FAULTS
from tests.mutants.fault import Fault, StaleFault
from tests.mutants.record import PAGE, Record
from tests.mutants.tree import PROJECT

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_edits_one_place_and_leaves_a_file_that_parses(fault):
    text = fault.edited((PROJECT / fault.file).read_text())

    if fault.file.endswith(".py"):
        compile(text, fault.file, "exec")
    else:
        yaml.load(text, _LOADER)  # noqa: S506  # a safe loader, of which there are two


@pytest.mark.parametrize("text", ["", "the same\nthe same\n"])
def test_a_fault_whose_text_is_gone_or_not_the_only_one_says_so(text):
    fault = Fault(id="stale", breaks="", file="a.py", before="the same", after="", unit=())

    with pytest.raises(StaleFault, match=r"stale: a\.py"):
        fault.edited(text)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_the_tests_that_mirror_a_fault_exist(fault):
    assert [path for path in fault.unit if not (PROJECT / path).exists()] == []


def test_every_fault_has_a_name_and_a_sentence_of_its_own():
    for name in ("id", "breaks"):
        assert [each for each, times in Counter(getattr(fault, name) for fault in FAULTS).items() if times > 1] == []


def test_the_page_lists_the_faults_of_today():
    assert Record.read().page(FAULTS) == PAGE.read_text()


def test_no_fault_that_was_tried_survives():
    record = Record.read()

    assert [fault.id for fault in FAULTS if record.survives(fault)] == []
