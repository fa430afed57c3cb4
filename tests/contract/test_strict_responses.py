import copy

import jsonschema_rs
import pytest

from batch_exports.conformance.strict_responses import ECHOED, SUFFIX, close_responses
from tests.spec.document import document, operations


@pytest.fixture(scope="module")
def strict():
    closed = copy.deepcopy(document())
    close_responses(closed)
    return closed


def is_valid(strict, operation, status, answer):
    name = operation.node["responses"][status]["$ref"].rpartition("/")[2]
    schema = strict["components"]["responses"][name]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft4Validator({**schema, "components": strict["components"]}).is_valid(answer)


def test_requests_stay_as_they_are(strict):
    before = document()["components"]["schemas"]
    assert {name: strict["components"]["schemas"][name] for name in before} == before
    assert strict["components"]["requestBodies"] == document()["components"]["requestBodies"]


def test_every_object_of_an_answer_is_closed(strict):
    added = {name: each for name, each in strict["components"]["schemas"].items() if name.endswith(SUFFIX)}
    assert {"BatchExport" + SUFFIX, "S3PublicConfig" + SUFFIX, "Error" + SUFFIX} <= added.keys()
    for schema in added.values():
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
    assert not {name + SUFFIX for name in ECHOED} & added.keys()


@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)
def test_a_field_that_the_contract_does_not_know_is_refused(strict, operation):
    error = {"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": "id"}
    for status in operation.errors:
        assert is_valid(strict, operation, status, error)
        assert not is_valid(strict, operation, status, error | {"trace": "what nobody should see"})
