import pytest

from mock_server.personas import KEYS
from tests.mock_server.http import EXPORT_ID, client_of, shared_app

GLOBEX_EXPORT_ID = "019cab60-2c90-7d05-95e1-6f4b3a8c0d27"


@pytest.mark.parametrize(
    ("persona", "project", "reads", "writes"),
    [
        ("admin", 1, 200, 400),
        ("read", 1, 200, 403),
        ("none", 1, 403, 403),
        ("other_project", 1, 403, 403),
        ("admin", 2, 403, 403),
        ("other_project", 2, 200, 400),
    ],
)
async def test_each_persona_may_do_what_its_name_says(persona, project, reads, writes):
    exports = f"/api/projects/{project}/batch_exports/"
    async with client_of(shared_app(), Authorization=f"Bearer {KEYS[persona]}") as client:
        assert (await client.get(exports)).status_code == reads
        assert (await client.post(exports, json={})).status_code == writes


@pytest.mark.parametrize("header", ["", "Bearer phx_unknown", "Bearer phx_mock_", "Basic cGh4X21vY2tfYWRtaW46"])
async def test_anybody_else_is_asked_to_authenticate(header):
    async with client_of(shared_app(), Authorization=header) as client:
        answer = await client.get("/api/projects/1/batch_exports/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_export_of_another_project_does_not_exist():
    async with client_of(shared_app()) as client:
        assert (await client.get(f"/api/projects/1/batch_exports/{EXPORT_ID}/")).status_code == 200
        assert (await client.get(f"/api/projects/1/batch_exports/{GLOBEX_EXPORT_ID}/")).status_code == 404
