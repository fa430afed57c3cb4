"""Single answers against the contract."""

import json

import httpx
import pytest

from batch_exports.conformance.operations import contract_operations, operation_of
from batch_exports.conformance.responses import Contract, ContractBrokenError
from mock_server.personas import KEYS

CONTRACT = Contract()
LIST = "/api/projects/1/batch_exports/"


@pytest.fixture(scope="module")
def answer(mock_url):
    return httpx.get(mock_url + LIST, headers={"Authorization": f"Bearer {KEYS['admin']}"})


def changed(answer, *, status=200, **fields):
    body = json.dumps({**answer.json(), **fields}).encode()
    return httpx.Response(status, headers={"Content-Type": "application/json"}, content=body, request=answer.request)


def test_an_answer_of_the_service_passes(answer):
    CONTRACT.check(answer)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 418}, "list_exports 418: the operation has no such status"),
        ({"results": None}, "results"),
        ({"trace": "of nobody's concern"}, "trace"),
    ],
)
def test_an_answer_that_the_contract_does_not_have_is_told(answer, change, reason):
    with pytest.raises(ContractBrokenError, match=reason):
        CONTRACT.check(changed(answer, **change))


def test_another_media_type_is_told(answer):
    text = httpx.Response(200, text="[]", request=answer.request)
    with pytest.raises(ContractBrokenError, match="media type"):
        CONTRACT.check(text)


def test_what_is_no_operation_is_told(answer):
    elsewhere = httpx.Response(200, request=httpx.Request("GET", "http://127.0.0.1/api/projects/1/dashboards/"))
    with pytest.raises(ContractBrokenError, match="no operation"):
        CONTRACT.check(elsewhere)


@pytest.mark.parametrize("operation", contract_operations(), ids=lambda each: each.id)
@pytest.mark.parametrize("base", ["/api/projects", "/api/environments"])
@pytest.mark.parametrize("end", ["/", ""])
def test_every_operation_is_known_by_its_address(operation, base, end):
    path = operation.path.format(project_id="@current", id="0c1d", batch_export_id="2e3f").removesuffix("/")
    assert operation_of(operation.method, f"http://127.0.0.1:1{base}{path}{end}?limit=1") is operation
