"""A world as its clients reach it, and what nearly every test asks of it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from batch_exports.services import Services
from mock_server.personas import KEYS

Json = dict[str, Any]

OWN = "/api/projects/@current/batch_exports"
NOOP = {"name": "Events", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}
S3 = {
    "type": "S3",
    "config": {
        "bucket_name": "acme-lake",
        "region": "eu-central-1",
        "prefix": "events",
        "aws_access_key_id": "canary-key-id",
        "aws_secret_access_key": "canary-secret",
    },
}
PAST = {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-29T00:00:00Z"}
EARLIER = {"start_at": "2024-02-27T22:00:00Z", "end_at": "2024-02-28T00:00:00Z"}


def bearer(persona: str) -> dict[str, str]:
    """The headers by which a persona shows its key."""
    return {"Authorization": f"Bearer {KEYS[persona]}"}


@dataclass(frozen=True)
class World:
    """A world: its client, who is project 1's admin unless another key is sent, and what an operator can see."""

    client: TestClient
    key_id: str
    services: Callable[[Callable[[Services], Awaitable[Any]]], Any]
    """What a question to the use cases is answered."""

    def new_export(self, **fields: Any) -> str:
        """The id of a new export."""
        made = self.client.post(OWN, json={**NOOP, **fields})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def new_backfill(self, export: str, bounds: Json = PAST) -> str:
        """The id of a new backfill."""
        return str(done(self.client.post(f"{OWN}/{export}/backfills", json=bounds))["backfill_id"])

    def runs(self, export: str, **query: Any) -> list[Json]:
        """The newest runs of an export."""
        answer = self.client.get(f"{OWN}/{export}/runs", params={"after": "all", "page_size": 100, **query})
        return list(done(answer)["results"])

    def ended_run(self, export: str) -> str:
        """The id of a run that was cancelled."""
        self.new_backfill(export)
        run = str(self.runs(export)[0]["id"])
        done(self.client.post(f"{OWN}/{export}/runs/{run}/cancel"))
        return run

    def activity(self, export: str) -> list[Json]:
        """What was done to an export, newest first."""
        return list(done(self.client.get(f"{OWN}/{export}/activity", params={"limit": 500}))["results"])


def done(answer: Any) -> Json:
    """The body of an answer that has to be a success."""
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


def refusal(answer: Any, status: int) -> tuple[str, str | None]:
    """The code and the field of an answer that has to be a refusal."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"type", "code", "detail", "attr"}
    return body["code"], body["attr"]


def json_text(value: Any, indent: int | None) -> bytes:
    """JSON as some client writes it."""
    return json.dumps(value, indent=indent).encode()
