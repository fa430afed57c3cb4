"""What the mock tells of itself: operations and keys."""

from batch_exports.contract.spec import load_spec
from mock_server.personas import KEYS
from tests.mock_server.http import EXPORTS, client_of, make_app

STEERING = {"X-Mock-Admin": "1", "Host": "localhost"}


async def test_the_operations_are_those_of_the_contract():
    async with client_of(make_app(), **STEERING) as client:
        listed = (await client.get("/__mock/operations")).json()["results"]
    paths = load_spec().document["paths"]
    declared = [each["operationId"] for path in paths.values() for each in path.values() if "operationId" in each]
    assert sorted(each["id"] for each in listed) == sorted(declared)
    for each in listed:
        assert paths[each["path"]][each["method"].lower()]["operationId"] == each["id"]


async def test_a_persona_may_do_what_is_said_of_it_in_every_world():
    async with client_of(make_app(), **STEERING) as client:
        await client.put("/__w/a/__mock/scenario", json={"name": "read-only-key"})
        for prefix in ("", "/__w/a"):
            personas = (await client.get(f"{prefix}/__mock/personas")).json()["results"]
            assert {each["name"]: each["key"] for each in personas} == dict(KEYS)
            for each in personas:
                headers = {"Authorization": f"Bearer {each['key']}"}
                may_read = (await client.get(f"{prefix}{EXPORTS}", headers=headers)).status_code == 200
                assert may_read == (1 in each["project_ids"] and "batch_export:read" in each["scopes"])
                # What is wrong with the body is said only to whoever may send one.
                answer = await client.post(f"{prefix}{EXPORTS}", json={}, headers=headers)
                assert (answer.status_code == 400) == (
                    1 in each["project_ids"] and "batch_export:write" in each["scopes"]
                )
