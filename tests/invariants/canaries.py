"""Credentials that can be found again: what plants them in every destination type, and what leads them everywhere."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx

from batch_exports.domain.destinations import SECRET_KEYS
from tests.seaweed import FULL
from tests.service import wait_until
from tests.spec.document import document

MARK = "canary4b7e"
VISIBLE = "plainly4b7e"
ENDED = {"Completed", "Failed", "Cancelled"}
LATELY = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
BOUNDS = {"start_at": LATELY.isoformat(), "end_at": (LATELY + timedelta(hours=1)).isoformat()}
"""An hour with sample events: a range without any is completed at once."""
UNREACHABLE = "http://127.0.0.1:1"

Json = dict[str, Any]


def forms(mark: str) -> Iterator[bytes]:
    """A text as it may stand in something else: plain, hexadecimal, percent-encoded, in base64 at any offset."""
    plain = mark.encode()
    escaped = "".join(f"%{byte:02x}" for byte in plain)
    yield from (plain, plain.hex().encode(), plain.hex().upper().encode(), escaped.encode(), escaped.upper().encode())
    for shift in range(3):
        # Without the characters at both ends, which hold bits of their neighbours.
        encoded = base64.b64encode(bytes(shift) + plain)[4:-4]
        yield from (encoded, encoded.translate(bytes.maketrans(b"+/", b"-_")))


def canary(name: str) -> Any:
    """A value that the contract takes for this credential, and in which the mark is found."""
    return {
        "client_email": f"{MARK}@acme.example.com",
        "token_uri": f"https://oauth2.example.com/{MARK}",
        "connection_string": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={MARK}",
        "copy_inputs": {
            "s3_bucket": "staging",
            "region_name": "eu-central-1",
            "s3_key_prefix": "redshift/",
            "authorization": {"aws_access_key_id": f"{MARK}-copy", "aws_secret_access_key": f"{MARK}-copy-secret"},
            "bucket_credentials": {"aws_access_key_id": MARK, "aws_secret_access_key": f"{MARK}-secret"},
        },
    }.get(name, f"{MARK}-{name}")


def planted(s3_server: Json) -> Mapping[str, Json]:
    """Bodies whose credentials are all canaries, by what is special about them: one per type at least.

    S3 with credentials that its server refuses and repeats, with some that it takes, and with no server at all.
    """
    bodies: dict[str, Json] = {}
    for example in (each["value"] for each in document()["components"]["examples"].values()):
        kind = example.get("destination", {}).get("type") if isinstance(example, dict) else None
        if kind in SECRET_KEYS and SECRET_KEYS[kind] and "interval" in example and "id" not in example:
            bodies.setdefault(kind, _with_canaries(example, kind))
    refused = {**s3_server, **{name: canary(name) for name in SECRET_KEYS["S3"]}}
    unreachable = {**refused, "endpoint_url": UNREACHABLE}
    for name, server in (("S3", refused), ("S3 that works", s3_server), ("S3 out of reach", unreachable)):
        bodies[name] = _with_config(bodies["S3"], server) | {"name": f"{VISIBLE} {name}"}
    return bodies


def _with_canaries(example: Json, kind: str) -> Json:
    body = _with_config(example, {name: canary(name) for name in _secret_settings(example)})
    return body | {"name": f"{VISIBLE} {kind}", "interval": "hour", "paused": False}


def _secret_settings(body: Json) -> Iterator[str]:
    """The settings that are credentials, or have some inside."""
    config = body["destination"]["config"]
    yield from SECRET_KEYS[body["destination"]["type"]]
    yield from (name for name, value in config.items() if isinstance(value, Mapping))


def _with_config(body: Json, settings: Json) -> Json:
    destination = body["destination"]
    return body | {"destination": destination | {"config": destination["config"] | settings}}


@dataclass
class Witness:
    """A client that keeps every byte it was answered, and is never answered 500."""

    client: httpx.Client
    said: bytearray

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request; what it was answered."""
        answer = self.client.request(method, path, **content)
        self.said += repr(answer.headers).encode() + answer.content
        assert answer.status_code < 500, answer.text
        return answer

    def do(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request that succeeds; the body of its answer."""
        answer = self.ask(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def lead_through(witness: Witness, name: str, body: Json) -> str:
    """Do with an export all that can be done, also what is refused; the status that its run came to, or its error's."""
    path = f"/{_create(witness, name, body)}"
    _misuse(witness, path, body)
    for method in ("PUT", "PATCH"):
        witness.do(method, path, body)
    _check(witness, path, body["destination"])
    witness.do("POST", f"{path}/backfills/", BOUNDS)
    run = wait_until(partial(_troubled_run, witness, path), seconds=60)
    (backfill,) = witness.do("GET", f"{path}/backfills/")["results"]
    # Of a server out of reach it would be tried again and again.
    witness.ask("POST", f"{path}/backfills/{backfill['id']}/cancel/")
    witness.ask("POST", f"{path}/runs/{run['id']}/cancel/")
    witness.ask("POST", f"{path}/runs/{run['id']}/retry/", json={})
    _read(witness, path, run["id"], backfill["id"])
    witness.do("POST", f"{path}/pause/")
    witness.do("POST", f"{path}/unpause/", {})
    return run["status"]


def delete_all(witness: Witness) -> None:
    """Delete every export that is there."""
    for export in witness.do("GET", "/?limit=100")["results"]:
        witness.do("DELETE", f"/{export['id']}/")
        assert witness.ask("GET", f"/{export['id']}/").status_code == 404


def _create(witness: Witness, name: str, body: Json) -> str:
    """Make an export once by a request that is repeated, and misused for another one; its id."""
    key = {"Idempotency-Key": name.replace(" ", "-")}
    made = witness.do("POST", "/", body, **key)
    assert witness.do("POST", "/", body, **key)["id"] == made["id"]
    assert witness.ask("POST", "/", json=body | {"name": MARK}, headers=key).status_code == 409
    return str(made["id"])


def _check(witness: Witness, path: str, destination: Json) -> None:
    for step in range(3):
        for config in ({}, destination["config"], {"unknown": MARK}):
            tested = {"step": step, "destination": destination | {"config": config}}
            witness.ask("POST", "/run_test_step_new/", json=tested)
            witness.ask("POST", f"{path}/run_test_step/", json=tested)
        witness.ask("POST", f"{path}/run_test_step/", json={"step": step})


def _misuse(witness: Witness, path: str, body: Json) -> None:
    """Say something wrong beside each credential, and something wrong in its place; and say what is no JSON."""
    for name in _secret_settings(body):
        for wrong in ([MARK], {"unknown": MARK}, f"{MARK}\0", MARK * 5000):
            assert witness.ask("PATCH", path, json=_with_config(body, {name: wrong})).status_code in {200, 400}
    whole = json.dumps(body).encode()
    for text in (whole[:-1], whole + b"}", json.dumps(MARK).encode(), json.dumps([body]).encode(), b"\xff" + whole):
        for method, place in (("POST", "/"), ("PUT", path), ("PATCH", path), ("POST", "/run_test_step_new/")):
            answer = witness.ask(method, place, content=text, headers={"Content-Type": "application/json"})
            assert answer.status_code == 400
    assert witness.ask("PUT", path, content=whole, headers={"Content-Type": "text/plain"}).status_code == 415
    for wrong in (
        {"compression": "nonsense", "unknown": 1},
        {f"{name}s": MARK},
        {"endpoint_url": f"http://u:{MARK}@a.b"},
    ):
        assert witness.ask("PATCH", path, json=_with_config(body, wrong)).status_code == 400
    foreign = {"type": "File", "config": {"path": "a", **body["destination"]["config"]}}
    assert witness.ask("POST", "/", json=body | {"destination": foreign}).status_code == 400


def _read(witness: Witness, path: str, run_id: str, backfill_id: str) -> None:
    for each in ("", "/logs/", "/activity/", "/backfills/", f"/backfills/{backfill_id}/", "/runs/?after=all"):
        witness.do("GET", f"{path}{each}")
    for each in ("", "logs/"):
        witness.do("GET", f"{path}/runs/{run_id}/{each}")
    for query in ("", "?search=plainly", "?ordering=name"):
        witness.do("GET", f"/{query}")


def _troubled_run(witness: Witness, path: str) -> Json | None:
    """A run that has ended, or failed once."""
    runs = witness.do("GET", f"{path}/runs/?after=all")["results"]
    return next((run for run in runs if run["status"] in ENDED or run["latest_error"]), None)


def marks() -> tuple[str, ...]:
    """All credentials that are planted: invented ones, and those of a server that takes them."""
    return MARK, FULL.access_key, FULL.secret_key
