"""The reviewed exceptions: each is about operations that there are, and still needed."""

import pytest

from tests.parity.breakages import bases
from tests.parity.exceptions import EVERY, REVIEWED, Difference, is_reviewed
from tests.parity.playing import OPERATIONS
from tests.parity.programs import Call
from tests.parity.requests import OPENING
from tests.spec.document import implemented

EACH = pytest.mark.parametrize("exception", REVIEWED, ids=lambda each: each.part)


@EACH
def test_an_exception_is_about_operations_of_the_contract_and_says_why(exception):
    assert exception.operations is EVERY or exception.operations <= OPERATIONS.keys()
    assert len(exception.reason.split()) > 5


@EACH
def test_an_exception_is_still_needed(stage, exception):
    compared = stage.play([*OPENING, *(bases(each)[0] for each in implemented() if "test_step" in each.id), *CHECKS])
    assert any(exception.covers(each) for answered in compared for each in answered.found)


def test_no_exception_is_about_a_status_or_about_what_the_contract_documents():
    documented = {"location", "etag", "allow", "retry-after", "www-authenticate", "idempotent-replayed", "content-type"}
    parts = ["status", "body", "body/id", "body/results/0/status", *(f"headers/{name}" for name in documented)]
    differences = [Difference(operation, part, 1, 2) for operation in OPERATIONS for part in parts]
    assert not [each for each in differences if is_reviewed(each)]


CHECKS = [Call("run_test_step", {"id": "$export-0"}, body={"step": step}) for step in range(3)]
