"""Runs that go on for minutes, so that a run of the suite finds some that can be cancelled."""

import time
from typing import Any

import httpx

from batch_exports.conformance.right_requests import OWN, example, made

_RUNS = 6
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.2


def make_lasting_runs(client: httpx.Client, endpoint: str) -> None:
    """Make an export to a bucket at an endpoint where nobody answers, and runs of it."""
    export: dict[str, Any] = example("create_s3_export")
    config = export["destination"]["config"] | {"endpoint_url": endpoint}
    export_id = made(client.post(OWN, json=export | {"destination": export["destination"] | {"config": config}}))["id"]
    path = f"{OWN}/{export_id}"
    for hour in range(_RUNS):
        bounds = {"start_at": f"2024-02-28T0{hour}:00:00Z", "end_at": f"2024-02-28T0{hour + 1}:00:00Z"}
        made(client.post(f"{path}/backfills", json=bounds))
    # Without rows a backfill is over before it looks for its bucket; its run looks when it is carried out again.
    for run in _completed(client, path):
        made(client.post(f"{path}/runs/{run}/retry"))


def _completed(client: httpx.Client, path: str) -> list[str]:
    """The runs, if all of them end soon: otherwise they last as they are."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        runs = [each["id"] for each in client.get(path).json()["latest_runs"] if each["status"] == "Completed"]
        if len(runs) == _RUNS:
            return runs
        time.sleep(_LOOK_SECONDS)
    return []
