"""The requests and the answer that every contestant works with: examples out of the contract."""

import os
from dataclasses import dataclass
from typing import Any

import orjson

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec

KEY = "benchmark-key"
RUNS = "BENCHMARK_RUNS"
PROJECT_ID = 1
COLLECTION = f"/api/projects/{PROJECT_ID}/batch_exports/"


@dataclass(frozen=True, slots=True)
class Sample:
    """One export as it is answered, and one as it is sent."""

    export: dict[str, Any]
    creation: dict[str, Any]

    @property
    def location(self) -> str:
        """The address of the export."""
        return f"{COLLECTION}{self.export['id']}/"

    def requests(self, key: str = KEY) -> dict[str, bytes]:
        """The requests as a client puts them on the wire."""
        return {"get": get(self.location, key), "post": post(COLLECTION, key, self.creation)}


def get(target: str, key: str) -> bytes:
    """A request to read."""
    return f"GET {target} HTTP/1.1\r\n{_headers(key)}\r\n".encode()


def post(target: str, key: str, content: Any) -> bytes:
    """A request to make something."""
    body = orjson.dumps(content)
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"POST {target} HTTP/1.1\r\n{_headers(key)}{length}\r\n".encode() + body


def load_sample() -> Sample:
    """The contract's first export and its first request for one."""
    spec = load_spec()
    operations = {each.id: each for each in describe_operations(spec, lambda _id, _tag: None)}
    export = next(iter(operations["get_export"].examples(200).values()))
    body = operations["create_export"].body or {}
    creations = body["content"]["application/json"]["examples"]
    # An export that has been at work for a while shows ten runs; the contract's example shows one.
    runs = int(os.environ.get(RUNS, "1"))
    export = {**export, "latest_runs": export["latest_runs"][:1] * runs}
    return Sample(export, spec.resolve(next(iter(creations.values())))["value"])


def _headers(key: str) -> str:
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\nUser-Agent: benchmark\r\n"
