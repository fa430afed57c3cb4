"""What an operator does beside a service that runs: projects, keys and events, through the installed command."""

import json

import httpx

from tests.cli.commands import said
from tests.service import Service, wait_until

EVENT = {"event": "paid", "distinct_id": "u1", "timestamp": "2026-01-01T10:15:00Z", "properties": {"amount": 3}}


def test_events_that_are_loaded_beside_a_running_service_are_exported(tmp_path):
    data_dir = str(tmp_path / "data")
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps({**EVENT, "distinct_id": f"u{number}"}) + "\n" for number in range(50)))
    with Service("dev", "--port", "0", "--data-dir", data_dir) as service:
        project = said("projects", "create", "--name", "Shop", "--data-dir", data_dir)["id"]
        key = said("keys", "create", "--project", str(project), "--scope", "batch_export:write", "--data-dir", data_dir)
        loaded = said("events", "load", "--project", str(project), "--data-dir", data_dir, str(file))
        assert (loaded["loaded"], loaded["already_present"]) == (50, 0)
        headers = {"Authorization": f"Bearer {key['key']}"}
        base = f"{service.facts['url']}/api/projects/{project}/batch_exports"
        with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
            destination = {"type": "File", "config": {"path": "shop"}}
            body = {"name": "Shop", "interval": "hour", "destination": destination}
            export_id = client.post("/", json=body).json()["id"]
            bounds = {"start_at": "2026-01-01T10:00:00Z", "end_at": "2026-01-01T11:00:00Z"}
            made = client.post(f"/{export_id}/backfills/", json=bounds).json()
            backfill = f"/{export_id}/backfills/{made['backfill_id']}/"
            wait_until(lambda: client.get(backfill).json()["finished_at"], 30)
            (run,) = client.get(f"/{export_id}/runs/").json()["results"]
        assert (run["status"], run["records_completed"]) == ("Completed", 50)
        (written,) = (tmp_path / "data" / "exports" / "shop").glob("*.jsonl")
        assert len(written.read_text().splitlines()) == 50
        assert service.stop() == 0
