"""The mock and production behind HTTP, each with a way beneath it to end runs as a worker would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from starlette.testclient import TestClient

from batch_exports.bootstrap import build_world
from batch_exports.domain.backfills import Estimate
from batch_exports.domain.exports import Destination, Export
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import Run
from batch_exports.ports import Store, Transaction
from batch_exports.services.lifecycle import Lifecycle
from batch_exports.settings import Settings
from batch_exports.store import Cipher, SqlStore
from batch_exports.store.cipher import KEY_BYTES
from mock_server.app import MockApp
from mock_server.personas import KEYS
from tests.builders import make_run

Json = dict[str, Any]
Refusal = tuple[int, str, str, str | None]
Spoil = Callable[[Export], AbstractAsyncContextManager[tuple[Store, Export]]]
Below = Callable[[], AbstractAsyncContextManager[tuple[Store, Lifecycle]]]

BASE = "/api/projects/1/batch_exports"
NOBODY = str(UUID(int=0))
HOUR = timedelta(hours=1)
MAX_OPEN_BACKFILLS = 3
_HEADERS = {"Authorization": f"Bearer {KEYS['admin']}"}

NOOP: Json = {"type": "NoOp", "config": {}}
S3: Json = {
    "type": "S3",
    "config": {
        "bucket_name": "acme-lake",
        "region": "eu-central-1",
        "prefix": "events/",
        "aws_access_key_id": "example-key-id",
        "aws_secret_access_key": "example-secret",
    },
}
SNOWFLAKE: Json = {
    "type": "Snowflake",
    "config": {
        "account": "acme-analytics",
        "database": "ANALYTICS",
        "warehouse": "LOADING",
        "schema": "PRODUCT",
        "user": "BATCH_EXPORTS",
        "password": "example-password",
    },
}
POSTGRES: Json = {
    "type": "Postgres",
    "config": {"host": "db.acme.example.com", "user": "writer", "password": "example", "database": "analytics"},
}
REDSHIFT: Json = {**POSTGRES, "type": "Redshift"}
BIGQUERY: Json = {
    "type": "BigQuery",
    "config": {
        "project_id": "acme-analytics",
        "dataset_id": "events",
        "private_key": "example",
        "private_key_id": "example",
        "client_email": "exports@acme.example.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    },
}
COPY_INPUTS: Json = {
    "s3_bucket": "acme-stage",
    "region_name": "eu-central-1",
    "authorization": "arn:aws:iam::123456789012:role/copy",
    "bucket_credentials": {"aws_access_key_id": "example-id", "aws_secret_access_key": "example-secret"},
}
DATABRICKS: Json = {
    "type": "Databricks",
    "config": {
        "server_hostname": "acme.cloud.databricks.com",
        "http_path": "/sql/1.0/warehouses/0123456789abcdef",
        "client_id": "example",
        "client_secret": "example",
        "catalog": "main",
        "schema": "events",
        "table_name": "events",
    },
}
AZURE: Json = {
    "type": "AzureBlob",
    "config": {"container_name": "events", "connection_string": "AccountName=acme;AccountKey=example"},
}
HTTP: Json = {"type": "HTTP", "config": {"url": "https://capture.acme.example.com/batch/", "token": "example"}}


@dataclass
class RulesWorld:
    """One world: what clients see, and what is beneath."""

    client: TestClient
    below: Below
    spoil: Spoil
    made: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        """The answer to a request about the exports of project 1."""
        return self.client.request(method, f"{BASE}{path}", json=body, params=params)

    def get(self, path: str, **params: Any) -> Json:
        """What a path shows."""
        return answered(self.ask("GET", path, **params))

    def post(self, path: str, body: Any = None) -> Json:
        """What a path answers when something is asked of it."""
        return answered(self.ask("POST", path, body))

    def export(self, **fields: Any) -> str:
        """Make an export, by the hour and to nowhere unless said otherwise; its path."""
        shown = self.post("/", new_export(**fields))
        self.made.append(f"/{shown['id']}")
        return self.made[-1]

    def backfill(self, export: str, hours: int = 3) -> str:
        """Make a backfill of so many hours of some day in the past; its path."""
        bounds = {"start_at": "2024-02-28T00:00:00Z", "end_at": f"2024-02-28T{hours:02}:00:00Z"}
        return f"{export}/backfills/{self.post(f'{export}/backfills/', bounds)['backfill_id']}"

    def run(self, export: str, *, age: timedelta = timedelta(), **fields: Any) -> str:
        """Keep a run of an export that was made so long ago; its path."""
        created_at = datetime.now(UTC) - age
        end = created_at.replace(minute=0, second=0, microsecond=0)

        async def add(tx: Transaction, _lifecycle: Lifecycle) -> Run:
            owner = await tx.exports.get(1, UUID(export.strip("/")))
            assert owner is not None
            interval = {"data_interval_start": end - HOUR, "data_interval_end": end}
            run = make_run(owner, **{"created_at": created_at, "last_updated_at": created_at, **interval, **fields})
            await tx.runs.add(run)
            return run

        return f"{export}/runs/{self.change(add).id}"

    def complete(self, run: str, rows: int = 10) -> None:
        """End a run as completed."""
        self.change(lambda tx, lifecycle: lifecycle.complete(tx, self.id_of(run), rows, 100 * rows))

    def fail(self, run: str, error: str = "The bucket does not exist.") -> None:
        """End a run as failed."""
        self.change(lambda tx, lifecycle: lifecycle.fail(tx, self.id_of(run), error))

    def lose_credentials(self, export: str) -> None:
        """Let the stored credentials of an export be such as no key at hand decrypts."""

        async def do() -> None:
            async with self.below() as (store, _), store.read() as tx:
                kept = await tx.exports.get(1, UUID(export.strip("/")))
            assert kept is not None
            async with self.spoil(kept) as (store, spoiled), store.write() as tx:
                await tx.exports.save(spoiled)

        asyncio.run(do())

    def open_backfill(self, run: str, **found: Any) -> None:
        """Begin a run, and its backfill with what was found out about its rows."""

        async def begin(tx: Transaction, lifecycle: Lifecycle) -> Run | None:
            begun = await lifecycle.begin(tx, self.id_of(run))
            return None if begun is None else await lifecycle.open_backfill(tx, begun, Estimate(**found))

        self.change(begin)

    def log(self, run: str, *entries: tuple[datetime, LogLevel, str]) -> None:
        """Let a run say something."""
        export_id = UUID(run.split("/")[1])

        async def add(tx: Transaction, _lifecycle: Lifecycle) -> None:
            await tx.logs.add(
                LogEntry(export_id=export_id, run_id=self.id_of(run), level=level, message=message, timestamp=at)
                for at, level, message in entries
            )

        self.change(add)

    def runs(self, export: str) -> list[str]:
        """The paths of an export's runs, first intervals first."""
        page = self.get(f"{export}/runs/", ordering="data_interval_start", start="all")
        return [f"{export}/runs/{run['id']}" for run in page["results"]]

    @staticmethod
    def id_of(path: str) -> UUID:
        """The id at the end of a path."""
        return UUID(path.rpartition("/")[2])

    def open_runs(self) -> list[Run]:
        """The runs of any export that have not ended."""

        async def read(tx: Transaction, _lifecycle: Lifecycle) -> list[Run]:
            return list(await tx.runs.all_open(1000))

        return list(self.change(read))

    def change(self, work: Callable[[Transaction, Lifecycle], Awaitable[Any]]) -> Any:
        """Do something beneath, in one transaction."""

        async def do() -> Any:
            async with self.below() as (store, lifecycle), store.write() as tx:
                return await work(tx, lifecycle)

        return asyncio.run(do())

    def clear(self) -> None:
        """Delete what was made."""
        for export in self.made:
            self.ask("DELETE", f"{export}/")
        self.made.clear()


def new_export(**fields: Any) -> Json:
    """The body of a new export."""
    return {"name": "Events", "interval": "hour", "destination": NOOP, **fields}


def config(destination: Json, **changes: Any) -> Json:
    """A destination with other settings."""
    return {**destination, "config": {**destination["config"], **changes}}


def without(destination: Json, *names: str) -> Json:
    """A destination that lacks settings."""
    return {**destination, "config": {key: value for key, value in destination["config"].items() if key not in names}}


def answered(response: httpx.Response) -> Json:
    """The body of an answer that is no refusal."""
    assert response.is_success, response.text
    body: Json = response.json()
    return body


def refusal(response: httpx.Response) -> Refusal:
    """Status, code, text and field of a refusal."""
    body = response.json()
    assert body["type"] == ("validation_error" if response.status_code == 400 else body["type"])
    return response.status_code, body["code"], body["detail"], body["attr"]


@contextmanager
def open_mock(app: MockApp) -> Iterator[RulesWorld]:
    """The mock and its world."""

    @asynccontextmanager
    async def below() -> AsyncIterator[tuple[Store, Lifecycle]]:
        yield app.world.store, app.world.services.lifecycle

    @asynccontextmanager
    async def spoil(export: Export) -> AsyncIterator[tuple[Store, Export]]:
        destination = export.destination
        lost = Destination(destination.type, destination.config, unreadable=tuple(destination.secret_names))
        yield app.world.store, replace(export, destination=lost)

    with TestClient(app, headers=_HEADERS) as client:
        yield RulesWorld(client, below, spoil)


@contextmanager
def open_production(app: Any, folder: Path) -> Iterator[RulesWorld]:
    """Production, without a worker, and the SQLite store in its folder."""

    @asynccontextmanager
    async def below() -> AsyncIterator[tuple[Store, Lifecycle]]:
        async with build_world(Settings(data_dir=folder)) as world:
            yield world.store, world.services.lifecycle

    @asynccontextmanager
    async def spoil(export: Export) -> AsyncIterator[tuple[Store, Export]]:
        async with SqlStore.open(Settings(data_dir=folder).store_url, Cipher(bytes(KEY_BYTES))) as store:
            yield store, export

    with TestClient(app, headers=_HEADERS) as client:
        yield RulesWorld(client, below, spoil)
