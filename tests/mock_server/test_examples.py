import httpx
import pytest

from batch_exports.contract.app import build_app
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec
from mock_server.examples import answer_with_example
from mock_server.personas import authenticate
from mock_server.scenarios import read_scenario
from tests.mock_server.http import ADMIN, EXPORT, EXPORT_ID, EXPORTS, client_of, shared_app

SHOWN = load_spec().document["components"]["examples"]
LASTING = {
    "": ("name", "model", "destination", "interval", "paused", "filters", "timezone", "offset_day", "offset_hour"),
    "runs/": ("batch_export", "backfill", "attempt", "retry_of", "latest_error"),
    "backfills/": ("batch_export", "team"),
}
"""What stays as it is while an object goes through its life, by where it is found below its export."""


def nothing_implemented(operation_id, tag):
    return None


async def test_an_operation_without_a_handler_answers_its_example():
    app = build_app(resolve=nothing_implemented, authenticate=authenticate, missing=answer_with_example)
    operations = {each.id: each for each in describe_operations(load_spec(), nothing_implemented)}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock.test", headers=ADMIN) as client:
        shown, gone = await client.get(EXPORTS), await client.delete(EXPORT)
    assert shown.json() == next(iter(operations["list_exports"].examples(200).values()))
    assert shown.headers["X-Mock-Source"] == "example"
    assert (gone.status_code, gone.content) == (204, b"")
    assert gone.headers["X-Mock-Source"] == "example"


async def test_every_operation_has_an_example_to_answer_with():
    for operation in describe_operations(load_spec(), nothing_implemented):
        body, status, headers = await answer_with_example(operation)()
        assert status == operation.success_status
        assert (body is None) == (status == 204)
        assert headers["X-Mock-Source"] == "example"


def test_the_first_request_of_the_examples_made_the_first_export_of_the_mock():
    first = read_scenario("typical").data["exports"][0]
    assert (first["id"], first["request"]) == (EXPORT_ID, SHOWN["create_s3_export"]["value"])


@pytest.mark.parametrize(
    ("place", "example"),
    [
        *(("", name) for name in ("new_export", "hourly_export")),
        *(("runs/", name) for name in ("completed_run", "running_run", "failed_run", "retried_run")),
        *(("backfills/", name) for name in ("running_backfill", "completed_backfill", "cancelled_backfill")),
    ],
)
async def test_the_mock_has_what_the_examples_show(place, example):
    shown = SHOWN[example]["value"]
    async with client_of(shared_app()) as client:
        found = (await client.get(EXPORT if place == "" else f"{EXPORT}{place}{shown['id']}/")).json()
    assert [found[name] for name in LASTING[place]] == [shown[name] for name in LASTING[place]]
