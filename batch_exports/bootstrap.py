"""The composition root: the only place that knows every part, and puts the production world together from settings."""

import asyncio
import base64
import os
import pwd
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.domain.activity import Actor, ActorType
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.throttles import RateLimits
from batch_exports.engine import DbosEngine, Duties, Worker, WorkerSettings, is_supported
from batch_exports.engine import migrate as migrate_engine
from batch_exports.observability.credentials import HidingChecks
from batch_exports.observability.run_body import TracedBody
from batch_exports.observability.runs import ObservedStore, RunListener
from batch_exports.observability.subject import about
from batch_exports.observability.tracing import Tracing
from batch_exports.ports import Source, Store
from batch_exports.services import Services, build_services
from batch_exports.services.run_body import RunBody
from batch_exports.settings import BadSetting, Settings
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.event_store import EventStore
from batch_exports.store import TRANSIENT_ERRORS, Cipher, SqlStore, check_key, load_or_create_key
from batch_exports.store import migrate as migrate_store


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """The parts of one process; they belong to the event loop that first uses them, and are closed with the block."""

    store: SqlStore
    watched_store: Store
    """The same, telling of runs."""
    engine: DbosEngine
    services: Services
    destinations: DestinationRegistry

    async def __aenter__(self) -> Self:
        """Use the world in a block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self.store.aclose()
        await asyncio.to_thread(self.engine.close)
        await asyncio.to_thread(self.destinations.gate.close)


def prepare(settings: Settings, *, any_key: bool = False) -> None:
    """Make the data folder, bring the database to this version and see that the encryption key, unless any, fits it.

    Harmless when there is nothing to do. Raises BadSetting, StoreUnusable or SecretsUnreadable.
    """
    check_platform(settings, sys.version_info[:2], sqlite3.sqlite_version_info)
    prepare_folder(settings.data_dir)
    migrate_store(settings.store_url)
    migrate_engine(settings.store_url)
    cipher = cipher_of(settings)
    if not any_key:
        check_key(settings.store_url, cipher)


def check_platform(settings: Settings, python: tuple[int, ...], sqlite: tuple[int, ...]) -> None:
    """See that these versions of Python and SQLite can keep the database; raises BadSetting."""
    if settings.store_url.startswith("sqlite") and not is_supported(python, sqlite):
        raise BadSetting(
            f"Python {'.'.join(map(str, python))} needs SQLite 3.42 or newer here, and has "
            f"{'.'.join(map(str, sqlite))}. Take Python 3.11, or PostgreSQL with BATCH_EXPORTS_DATABASE_URL."
        )


def prepare_folder(folder: Path) -> None:
    """Make the data folder, unless it exists, and see that it can be written to; raises BadSetting."""
    try:
        # For its owner alone, since secrets lie in it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise BadSetting(
            f"The data folder {folder} cannot be used: {error.strerror or error}. "
            "Choose another one with --data-dir or BATCH_EXPORTS_DATA_DIR."
        ) from None


def build_world(settings: Settings, listener: RunListener | None = None) -> World:
    """Everything but the worker; nothing is connected before its first use. The listener is told of runs."""
    store = SqlStore.open(settings.store_url, cipher_of(settings))
    watched_store: Store = store if listener is None else ObservedStore(store, listener)
    engine = DbosEngine(settings.store_url)
    policy = egress_policy(settings)
    destinations = DestinationRegistry(EgressGate(policy), settings.file_root)
    services = build_services(
        store=watched_store,
        clock=SystemClock(),
        new_id=uuid7,
        engine=engine,
        checks=HidingChecks(destinations),
        egress=policy,
        max_open_backfills=settings.max_open_backfills,
        auto_pause_failures=settings.auto_pause_failures,
        limits=RateLimits(settings.throttle_per_minute, settings.throttle_per_hour),
        operator=operator(os.geteuid()),
    )
    return World(store, watched_store, engine, services, destinations)


def build_worker(settings: Settings, listener: RunListener | None = None, tracing: Tracing | None = None) -> Worker:
    """The worker, which assembles its world on a loop of its own when it starts."""

    @asynccontextmanager
    async def assemble() -> AsyncIterator[Duties]:
        with open_source(settings) as source:
            async with build_world(settings, listener) as world:
                services = world.services
                body = RunBody(world.watched_store, source, world.destinations, services.lifecycle)
                traced = body if tracing is None else TracedBody(body, tracing)
                tick, reconcile = services.scheduler.tick, services.scheduler.reconcile
                yield Duties(traced, tick, reconcile, services.idempotency.forget_old, about_run)

    worker_settings = WorkerSettings(
        database_url=settings.store_url,
        live_concurrency=settings.worker_concurrency,
        backfill_concurrency=settings.worker_concurrency,
        transient_errors=(ConnectionError, TimeoutError, *TRANSIENT_ERRORS),
    )
    return Worker(worker_settings, assemble)


def about_run(run_id: str, export_id: str) -> AbstractContextManager[None]:
    """A block in which all that is logged names a run and its export."""
    return about(run_id=run_id, export_id=export_id)


def operator(user: int) -> Actor:
    """Whoever sits at the command line, as user of this number; named as their account is, if it has a name."""
    try:
        # Not by the environment, which anybody can set.
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = ""
    return Actor(ActorType.OPERATOR, label=name)


@contextmanager
def open_source(settings: Settings) -> Iterator[Source]:
    """The event store that runs read: a ClickHouse cluster when one is named, else the embedded store."""
    if settings.clickhouse_url is not None:
        with closing(_cluster(settings.clickhouse_url)) as cluster:
            yield cluster
        return
    with (
        EventStore.open(settings.data_dir) as event_store,
        closing(ClickHouseSource(event_store.client, trusts_text=True)) as embedded,
    ):
        yield embedded


def egress_policy(settings: Settings) -> EgressPolicy:
    """Which hosts this process may speak to."""
    return EgressPolicy(EgressMode(settings.egress), settings.egress_allow)


def cipher_of(settings: Settings) -> Cipher:
    """What encrypts stored credentials with the newest key, and decrypts what older keys encrypted."""
    return Cipher(encryption_key(settings), *map(base64.b64decode, settings.old_secret_keys))


def encryption_key(settings: Settings) -> bytes:
    """The key of stored credentials: that of the settings, else that of a key file made in the data folder."""
    if settings.secret_key is not None:
        return base64.b64decode(settings.secret_key)
    try:
        return load_or_create_key(settings.key_file)
    except ValueError as error:
        raise BadSetting(str(error)) from None


def _cluster(url: str) -> ClickHouseSource:
    parts = urlsplit(url)
    return ClickHouseSource.of_cluster(
        url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or "default",
    )
