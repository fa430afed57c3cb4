import httpx

from batch_exports.contract.app import build_app
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec
from mock_server.examples import answer_with_example
from mock_server.personas import authenticate
from tests.mock_server.http import ADMIN, EXPORT, EXPORTS


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
