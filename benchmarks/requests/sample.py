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
        head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\nUser-Agent: benchmark\r\n"
        body = orjson.dumps(self.creation)
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return {
            "get": f"GET {self.location} HTTP/1.1\r\n{head}\r\n".encode(),
            "post": f"POST {COLLECTION} HTTP/1.1\r\n{head}{length}\r\n".encode() + body,
        }


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
