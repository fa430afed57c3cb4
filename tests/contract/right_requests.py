"""For each operation of the contract a request that is right, with the objects that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.contract.issued import SILENT_ENDPOINT
from tests.service import wait_until
from tests.spec.document import Operation, resolve

Json = dict[str, Any]

OWN = "/api/projects/@current/batch_exports"
# The contract's examples have dates that a clock may not have reached.
BACKFILL = {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-29T00:00:00Z"}
_EARLIER = {"start_at": "2024-02-27T22:00:00Z", "end_at": "2024-02-28T00:00:00Z"}
_LASTING = 6
_BODIES = {"create_backfill": BACKFILL, "backfill_export": BACKFILL}
_QUERIES = {"list_test_steps": {"destination": "S3"}}


@dataclass(frozen=True)
class Objects:
    """An export, with a backfill and a run of it that go on."""

    export: str
    backfill: str
    run: str

    def path(self, operation: Operation, project: str) -> str:
        """The operation's path to these objects."""
        shown = self.export
        if "/backfills/{id}/" in operation.path:
            shown = self.backfill
        if "/runs/{id}/" in operation.path:
            shown = self.run
        return "/api/projects" + operation.path.format(project_id=project, batch_export_id=self.export, id=shown)


def make_objects(client: httpx.Client, operation: Operation) -> Objects:
    """Make objects on which the operation can be used, in the project of the client's key."""
    export = _made(client.post(OWN, json=_example("create_s3_export")))["id"]
    backfill = _made(client.post(f"{OWN}/{export}/backfills", json=_EARLIER))["backfill_id"]
    run = client.get(f"{OWN}/{export}/runs").json()["results"][0]["id"]
    if operation.id == "retry_run":
        _made(client.post(f"{OWN}/{export}/runs/{run}/cancel"))
    return Objects(export, backfill, run)


def make_lasting_runs(client: httpx.Client) -> None:
    """Make an export, and runs of it that go on for minutes: some can be cancelled at any time."""
    export = _example("create_s3_export")
    config = export["destination"]["config"] | {"endpoint_url": SILENT_ENDPOINT}
    made = _made(client.post(OWN, json=export | {"destination": export["destination"] | {"config": config}}))
    path = f"{OWN}/{made['id']}"
    for hour in range(_LASTING):
        bounds = {"start_at": f"2024-02-28T0{hour}:00:00Z", "end_at": f"2024-02-28T0{hour + 1}:00:00Z"}
        _made(client.post(f"{path}/backfills", json=bounds))
    # Without rows a backfill is over before it looks for its bucket; its run looks when it is carried out again.
    for run in wait_until(lambda: _completed(client, path)):
        _made(client.post(f"{path}/runs/{run}/retry"))


def send(
    client: httpx.Client, operation: Operation, objects: Objects, headers: Mapping[str, str], project: str = "@current"
) -> httpx.Response:
    """Send the operation's right request about these objects, with these headers."""
    return client.request(
        operation.method,
        objects.path(operation, project),
        params=_QUERIES.get(operation.id),
        json=_BODIES.get(operation.id) or _first_body(operation),
        headers=dict(headers),
    )


def _first_body(operation: Operation) -> Any:
    if operation.body is None:
        return None
    examples = operation.body["content"]["application/json"]["examples"]
    return resolve(next(iter(examples.values())))["value"]


def _completed(client: httpx.Client, path: str) -> list[str] | None:
    runs = [each["id"] for each in client.get(path).json()["latest_runs"] if each["status"] == "Completed"]
    return runs if len(runs) == _LASTING else None


def _example(name: str) -> Any:
    return resolve({"$ref": f"#/components/examples/{name}"})["value"]


def _made(response: httpx.Response) -> Json:
    assert response.is_success, response.text
    made: Json = response.json()
    return made
