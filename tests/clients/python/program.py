"""What a user of the generated client writes: one export from its creation to its end, all of it typed."""

import os
from datetime import UTC, datetime
from uuid import UUID

from batch_exports_client import AuthenticatedClient
from batch_exports_client.api.backfills import cancel_backfill, create_backfill, get_backfill, list_backfills
from batch_exports_client.api.destinations import list_test_steps
from batch_exports_client.api.exports import (
    create_export,
    delete_export,
    get_export,
    list_exports,
    pause_export,
    unpause_export,
    update_export,
)
from batch_exports_client.api.runs import cancel_run, get_run, list_runs, retry_run
from batch_exports_client.models import (
    BackfillCreate,
    BackfillReference,
    BatchExport,
    BatchExportCreate,
    BatchExportPage,
    BatchExportUpdate,
    ConfigUpdate,
    DestinationUpdate,
    Error,
    FileConfig,
    FileDestination,
    FileDestinationRequest,
    RetryResult,
    S3Config,
    S3Destination,
    S3DestinationRequest,
    UnpauseRequest,
)

PROJECT = "1"
NOBODY = UUID(int=0)
BUCKET = S3Config(
    bucket_name="acme-lake",
    region="eu-central-1",
    prefix="events/{year}",
    aws_access_key_id="example-key-id",
    aws_secret_access_key="example-secret",
    file_format="Parquet",
    compression="zstd",
    # Where nobody answers: runs go on until they are cancelled.
    endpoint_url="http://localhost:9",
)


def use(client: AuthenticatedClient) -> None:
    export = create(client)
    read_and_change(client, export)
    backfill_and_run(client, export.id)
    be_refused(client, export.id)
    assert delete_export.sync_detailed(PROJECT, export.id, client=client).status_code == 204
    gone = get_export.sync(PROJECT, export.id, client=client)
    assert isinstance(gone, Error)
    assert (gone.type_, gone.code, gone.attr) == ("invalid_request", "not_found", None)


def create(client: AuthenticatedClient) -> BatchExport:
    body = BatchExportCreate("Lake", S3DestinationRequest("S3", BUCKET), "day", timezone="Europe/Berlin", offset_hour=2)
    made = create_export.sync(PROJECT, client=client, body=body)
    assert isinstance(made, BatchExport)
    assert (made.name, made.interval, made.timezone, made.offset_hour, made.offset_day) == (
        "Lake", "day", "Europe/Berlin", 2, None,
    )  # fmt: skip
    assert isinstance(made.destination, S3Destination)
    assert (made.destination.type_, made.destination.config.bucket_name) == ("S3", "acme-lake")
    assert made.destination.secrets_set == ["aws_access_key_id", "aws_secret_access_key"]
    assert abs(datetime.now(UTC) - made.created_at).total_seconds() < 600
    return made


def read_and_change(client: AuthenticatedClient, made: BatchExport) -> None:
    assert get_export.sync(PROJECT, made.id, client=client) == made
    page = list_exports.sync(PROJECT, client=client, search="lake", interval="day", limit=1000, paused=False)
    assert not isinstance(page, Error | None)
    assert made.id in [each.id for each in page.results]

    other = create(client)
    first = list_exports.sync(PROJECT, client=client, limit=1)
    assert not isinstance(first, Error | None)
    assert first.next_ is not None
    second = BatchExportPage.from_dict(client.get_httpx_client().get(first.next_).json())
    assert [each.id for each in (*first.results, *second.results)] == [other.id, made.id]
    assert delete_export.sync_detailed(PROJECT, other.id, client=client).status_code == 204

    # What is not set is not sent, so that nothing goes back to a default.
    assert BatchExportUpdate().to_dict() == {}
    config = ConfigUpdate()
    config["prefix"] = "events/{day}"
    change = BatchExportUpdate(interval="hour", destination=DestinationUpdate(config=config))
    changed = update_export.sync(PROJECT, made.id, client=client, body=change)
    assert isinstance(changed, BatchExport)
    assert (changed.name, changed.interval, changed.offset_hour) == ("Lake", "hour", None)
    assert isinstance(changed.destination, S3Destination)
    assert (changed.destination.config.prefix, changed.destination.config.bucket_name) == ("events/{day}", "acme-lake")

    paused = pause_export.sync(PROJECT, made.id, client=client)
    assert not isinstance(paused, Error | None)
    assert paused.paused
    unpaused = unpause_export.sync(PROJECT, made.id, client=client, body=UnpauseRequest(backfill=False))
    assert not isinstance(unpaused, Error | None)
    assert not unpaused.paused


def backfill_and_run(client: AuthenticatedClient, export: UUID) -> None:
    bounds = BackfillCreate(start_at="2024-02-28T22:00:00Z", end_at="2024-02-29T00:00:00Z")
    reference = create_backfill.sync(PROJECT, export, client=client, body=bounds, idempotency_key="lake-february")
    again = create_backfill.sync_detailed(PROJECT, export, client=client, body=bounds, idempotency_key="lake-february")
    assert isinstance(reference, BackfillReference)
    assert again.parsed == reference
    assert again.headers["Idempotent-Replayed"] == "true"

    shown = get_backfill.sync(PROJECT, export, reference.backfill_id, client=client)
    assert not isinstance(shown, Error | None)
    assert shown.start_at == datetime(2024, 2, 28, 22, tzinfo=UTC)
    backfills = list_backfills.sync(PROJECT, export, client=client, ordering="-created_at")
    assert not isinstance(backfills, Error | None)
    assert [each.id for each in backfills.results] == [reference.backfill_id]

    runs = list_runs.sync(PROJECT, export, client=client, after="all", page_size=1)
    assert not isinstance(runs, Error | None)
    run = runs.results[0]
    assert (run.backfill, run.batch_export) == (reference.backfill_id, export)
    assert get_run.sync_detailed(PROJECT, export, run.id, client=client).status_code == 200
    either = list_runs.sync(PROJECT, export, client=client, status=["Starting", "Running", "Completed", "Cancelled"])
    assert not isinstance(either, Error | None)
    assert run.id in [each.id for each in either.results]

    # Without rows a run may be over before the next request; then it says so, typed.
    cancelled = cancel_run.sync_detailed(PROJECT, export, run.id, client=client)
    assert cancelled.status_code == 200 or isinstance(cancelled.parsed, Error)
    cancel_backfill.sync(PROJECT, export, reference.backfill_id, client=client)
    retried = retry_run.sync(PROJECT, export, run.id, client=client)
    assert isinstance(retried, RetryResult)
    newest = get_run.sync(PROJECT, export, retried.run_id, client=client)
    assert not isinstance(newest, Error | None)
    assert newest.retry_of == run.id


def be_refused(client: AuthenticatedClient, export: UUID) -> None:
    blank = BatchExportCreate("Folder", FileDestinationRequest("File", FileConfig(path="../up")), "hour")
    refused = create_export.sync(PROJECT, client=client, body=blank)
    assert isinstance(refused, Error)
    assert (refused.type_, refused.code) == ("validation_error", "invalid_input")
    assert refused.attr == "destination__config__path"

    unknown = get_run.sync(PROJECT, export, NOBODY, client=client)
    assert isinstance(unknown, Error)
    assert unknown.code == "not_found"

    stale = update_export.sync(PROJECT, export, client=client, body=BatchExportUpdate(name="Sea"), if_match='"999"')
    assert isinstance(stale, Error)
    assert stale.code == "precondition_failed"

    nobody = client.with_headers({})
    nobody.token = "phx_nobody"
    unauthorized = list_exports.sync(PROJECT, client=nobody)
    assert isinstance(unauthorized, Error)
    assert (unauthorized.type_, unauthorized.code) == ("authentication_error", "authentication_failed")


def what_does_not_type_check(client: AuthenticatedClient, made: BatchExport) -> None:
    """Never called: each line is wrong in the way that its comment names, and a line that is not fails the check."""
    BatchExportCreate("Lake", S3DestinationRequest("S3", BUCKET), "month")  # type: ignore[arg-type]
    BatchExportCreate("Lake", S3DestinationRequest("S4", BUCKET), "day")  # type: ignore[arg-type]
    BatchExportCreate("Lake", {"type": "S3"}, "day")  # type: ignore[arg-type]
    BatchExportUpdate(timezone="Mars/Olympus")  # type: ignore[arg-type]
    FileConfig()  # type: ignore[call-arg]
    FileConfig(path="lake", colour="red")  # type: ignore[call-arg]
    get_export.sync(PROJECT, client=client)  # type: ignore[call-arg]
    get_export.sync(PROJECT, "not-an-id", client=client)  # type: ignore[arg-type]
    list_runs.sync(PROJECT, made.id, client=client, status=["Lost"])  # type: ignore[list-item]
    list_test_steps.sync(PROJECT, client=client)  # type: ignore[call-arg]
    _ = made.destination.config.bucket_name  # type: ignore[union-attr]
    _ = made.colour  # type: ignore[attr-defined]
    if isinstance(made.destination, FileDestination):
        _ = made.destination.config.region  # type: ignore[attr-defined]


if __name__ == "__main__":
    with AuthenticatedClient(f"{os.environ['URL']}/api/projects", os.environ["KEY"]) as opened:
        use(opened)
