"""For each operation of the contract a request that is right, with the objects that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from batch_exports.conformance.operations import contract_operations
from batch_exports.conformance.target import CannotRunError
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.spec import Spec

Json = dict[str, Any]

OWN = "/api/projects/@current/batch_exports"
# The contract's examples have dates that a clock may not have reached.
BACKFILL = {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-29T00:00:00Z"}
_EARLIER = {"start_at": "2024-02-27T22:00:00Z", "end_at": "2024-02-28T00:00:00Z"}
_BODIES = {"create_backfill": BACKFILL, "backfill_export": BACKFILL}
_QUERIES = {"list_test_steps": {"destination": "S3"}}


@dataclass(frozen=True)
class Objects:
    """An export, with a backfill and a run of it that go on."""

    export: str
    backfill: str
    run: str

    def path(self, operation: OperationSpec, project: str) -> str:
        """The operation's path to these objects."""
        shown = self.export
        if "/backfills/{id}/" in operation.path:
            shown = self.backfill
        if "/runs/{id}/" in operation.path:
            shown = self.run
        return "/api/projects" + operation.path.format(project_id=project, batch_export_id=self.export, id=shown)


NOBODY = Objects(*[str(UUID(int=0))] * 3)
"""Objects that are nowhere."""


def find_objects(client: httpx.Client) -> Objects:
    """Objects of the project that are there already; NOBODY's where there is none."""

    def newest(path: str) -> str | None:
        listed = client.get(path, params={"limit": 1} if path == OWN else None)
        found = listed.json().get("results", []) if listed.is_success else []
        return str(found[0]["id"]) if found else None

    export = newest(OWN)
    if export is None:
        return NOBODY
    backfill, run = (newest(f"{OWN}/{export}/{noun}") for noun in ("backfills", "runs"))
    return Objects(export, backfill or NOBODY.backfill, run or NOBODY.run)


def make_objects(client: httpx.Client, operation: OperationSpec | None = None) -> Objects:
    """Make objects on which the operation can be used, in the project of the client's key."""
    export = made(client.post(OWN, json=example("create_s3_export")))["id"]
    backfill = made(client.post(f"{OWN}/{export}/backfills", json=_EARLIER))["backfill_id"]
    run = client.get(f"{OWN}/{export}/runs").json()["results"][0]["id"]
    if operation is not None and operation.id == "retry_run":
        made(client.post(f"{OWN}/{export}/runs/{run}/cancel"))
    return Objects(export, backfill, run)


def send(
    client: httpx.Client,
    operation: OperationSpec,
    objects: Objects,
    headers: Mapping[str, str],
    project: str = "@current",
) -> httpx.Response:
    """Send the operation's right request about these objects, with these headers."""
    return client.request(
        operation.method,
        objects.path(operation, project),
        params=_QUERIES.get(operation.id),
        json=_BODIES.get(operation.id) or _first_body(operation),
        headers=dict(headers),
    )


def _first_body(operation: OperationSpec) -> Any:
    if operation.body is None:
        return None
    examples = operation.body["content"]["application/json"]["examples"]
    return _spec().resolve(next(iter(examples.values())))["value"]


def example(name: str) -> Any:
    """The value of a named example of the contract."""
    return _spec().resolve({"$ref": f"#/components/examples/{name}"})["value"]


def made(response: httpx.Response) -> Json:
    """What a request made; CannotRunError if it was refused."""
    if not response.is_success:
        raise CannotRunError(f"A right request was refused: {response.status_code} {response.text[:500]}")
    answer: Json = response.json()
    return answer


def _spec() -> Spec:
    return contract_operations()[0].document
