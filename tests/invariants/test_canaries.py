"""Credentials planted over the API are nowhere to be found: not on disk, not in the log, not in any answer."""

import base64
import json
import os
import subprocess

import httpx
import pytest

from batch_exports.domain.destinations import SECRET_KEYS
from tests.service import COMMAND, wait_until
from tests.spec.document import document

MARK = "canary4b7e"
VISIBLE = "plainly4b7e"
ENDED = {"Completed", "Failed", "Cancelled"}
FOUND_BY = [MARK.encode(), *(base64.b64encode(b"\0" * shift + MARK.encode())[4:-4] for shift in range(3))]
BOUNDS = {"start_at": "2026-01-01T00:00:00Z", "end_at": "2026-01-01T01:00:00Z"}


class Witness:
    """A client that keeps every byte it was answered."""

    def __init__(self, facts):
        self.said = bytearray()
        self.client = httpx.Client(
            base_url=f"{facts['url']}/api/projects/1/batch_exports",
            headers={"Authorization": f"Bearer {facts['api_key']}"},
            trust_env=False,
            timeout=60,
        )

    def ask(self, method, path, body=None):
        answer = self.client.request(method, path, json=body)
        self.said += repr(answer.headers).encode() + answer.content
        return answer


def canary(name):
    """A value that the contract takes for this credential, and in which the mark is found."""
    return {
        "client_email": f"{MARK}@acme.example.com",
        "token_uri": f"https://oauth2.example.com/{MARK}",
        "connection_string": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={MARK}",
        "copy_inputs": {
            "s3_bucket": "staging",
            "region_name": "eu-central-1",
            "s3_key_prefix": "redshift/",
            "authorization": f"arn:aws:iam::123456789012:role/{MARK}",
            "bucket_credentials": {"aws_access_key_id": MARK, "aws_secret_access_key": f"{MARK}-secret"},
        },
    }.get(name, f"{MARK}-{name}")


def planted():
    """A body for each destination type that has credentials, all of which are canaries."""
    examples = [each["value"] for each in document()["components"]["examples"].values()]
    bodies = {}
    for body in examples:
        kind = body.get("destination", {}).get("type") if isinstance(body, dict) else None
        if kind in SECRET_KEYS and SECRET_KEYS[kind] and "interval" in body and "id" not in body:
            bodies.setdefault(kind, json.loads(json.dumps(body)))
    for kind, body in bodies.items():
        config = body["destination"]["config"]
        config |= {name: canary(name) for name in SECRET_KEYS[kind]}
        body |= {"name": f"{VISIBLE} {kind}", "interval": "hour", "paused": False}
    # A server that refuses connections: a run that tries it fails in the middle of things.
    bodies["S3"]["destination"]["config"]["endpoint_url"] = "http://127.0.0.1:1"
    return bodies


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """What is left of a service that was told canaries: files, log and answers."""
    folder = tmp_path_factory.mktemp("canaries")
    data, log = folder / "data", folder / "log"
    environment = {name: text for name, text in os.environ.items() if not name.startswith("BATCH_EXPORTS_")}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [COMMAND, "dev", "--port", "0", "--data-dir", str(data), "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment | {"BATCH_EXPORTS_LOG_LEVEL": "debug"},
        )
    try:
        witness = Witness(json.loads(process.stdout.readline()))
        with witness.client:
            for kind, body in planted().items():
                use(witness, kind, body)
            while_open = content_of(data)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    return {"files": while_open + content_of(data), "log": log.read_bytes(), "answers": bytes(witness.said)}


def content_of(folder):
    return b"".join(path.name.encode() + path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def use(witness, kind, body):
    """Do with an export what can be done, also what is refused, so that its credentials go all ways that there are."""
    made = witness.ask("POST", "/", body)
    assert made.status_code == 201, made.text
    path = f"/{made.json()['id']}"
    refuse(witness, path, body)
    for method in ("PUT", "PATCH"):
        assert witness.ask(method, path, body).is_success
    for step in range(3):
        witness.ask("POST", "/run_test_step_new/", {"step": step, "destination": body["destination"]})
        witness.ask("POST", f"{path}/run_test_step/", {"step": step})
    assert witness.ask("POST", f"{path}/backfills/", BOUNDS).status_code == 201
    run = wait_until(lambda: troubled(witness.ask("GET", f"{path}/runs/?after=all").json()["results"]), seconds=60)
    if kind == "S3":
        # It would go on trying, and its next runs after it.
        (backfill,) = witness.ask("GET", f"{path}/backfills/").json()["results"]
        assert witness.ask("POST", f"{path}/backfills/{backfill['id']}/cancel/").is_success
    else:
        assert run["status"] == "Failed"
    for each in ("/", path, f"{path}/logs/", f"{path}/backfills/", f"{path}/runs/{run['id']}/logs/"):
        assert witness.ask("GET", each).is_success


def refuse(witness, path, body):
    """Say something wrong beside each credential, and something wrong in its place."""
    for name in SECRET_KEYS[body["destination"]["type"]]:
        for wrong in ([MARK], {"unknown": MARK}, f"{MARK}\0", MARK * 5000):
            config = body["destination"]["config"] | {name: wrong}
            changed = body | {"destination": body["destination"] | {"config": config}}
            assert witness.ask("POST", "/", changed).status_code in {201, 400}
    config = body["destination"]["config"] | {"compression": "nonsense", "unknown": 1}
    assert witness.ask("PATCH", path, {"destination": body["destination"] | {"config": config}}).status_code == 400


def troubled(runs):
    return next((run for run in runs if run["status"] in ENDED or run["latest_error"]), None)


def test_all_types_with_credentials_are_tried():
    assert set(planted()) == {kind for kind, names in SECRET_KEYS.items() if names}


@pytest.mark.parametrize("where", ["files", "answers"])
def test_what_is_no_secret_is_found_so_that_the_search_proves_something(traces, where):
    assert VISIBLE.encode() in traces[where]


@pytest.mark.parametrize("where", ["files", "log", "answers"])
def test_no_planted_credential_is_found(traces, where):
    content = traces[where]
    found = [content[max(content.find(each) - 300, 0) :][:400] for each in FOUND_BY if each in content]
    assert not found, found
