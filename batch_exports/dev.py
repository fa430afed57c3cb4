"""Everything on one machine, with sample data: what `batch-exports dev` runs."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from batch_exports.bootstrap import build_world, prepare
from batch_exports.domain.keys import SCOPES
from batch_exports.observability.instruments import Instruments
from batch_exports.server import serve_on
from batch_exports.serving import listening
from batch_exports.settings import Settings
from batch_exports.sources.event_store import EventStore
from batch_exports.working import working

PROJECT = 1
SAMPLE_HOURS = 48
SAMPLE_EVENTS_PER_HOUR = 500


@dataclass(frozen=True, slots=True)
class Started:
    """What a developer needs to know of a service that is ready."""

    url: str
    api_key: str = field(repr=False)
    project_id: int

    @property
    def docs(self) -> str:
        """Where the API's documentation is served."""
        return f"{self.url}/docs"

    def as_dict(self) -> dict[str, str | int]:
        """The same as JSON."""
        return {"url": self.url, "api_key": self.api_key, "project_id": self.project_id, "docs": self.docs}

    def welcome(self) -> str:
        """The same for people, with a command to try."""
        exports = f"{self.url}/api/projects/{self.project_id}/batch_exports/"
        return (
            f"Batch Exports is ready.\n\n  API   {self.url}\n  docs  {self.docs}\n  key   {self.api_key}\n\n"
            f"Try it:\n\n  curl -H 'Authorization: Bearer {self.api_key}' {exports}\n"
        )


def run_dev(settings: Settings, on_ready: Callable[[Started], None]) -> None:
    """Run the event store, the worker and the API until a signal ends them; raises WorkFailed when the worker ends."""
    settings = replace(settings, file_root=settings.file_root or settings.data_dir.absolute() / "exports")
    with listening(settings.host, settings.port) as listener, Instruments(os.environ) as instruments:
        prepare(settings)
        # The worker first: only one process gets past this line, so that only one makes the samples.
        with working(settings, instruments) as worker:
            key = asyncio.run(_demo_key(settings))
            # An API whose exports nobody carries out looks well and loses time: whoever supervises it must see it end.
            serve_on(
                listener,
                settings,
                instruments,
                lambda url: on_ready(Started(url, key, PROJECT)),
                until=lambda: worker.failure is not None,
            )


async def _demo_key(settings: Settings) -> str:
    async with build_world(settings) as world:
        access = world.services.access
        if not await access.has_project(PROJECT):
            # Before the project, so that a start that is cut off is made up for: the same events add nothing.
            await asyncio.to_thread(_load_samples, settings)
            await access.create_project("Demo")
        key_file = settings.data_dir / "dev.key"
        key = key_file.read_text().strip() if key_file.exists() else ""
        if await access.find_key(key) is None:
            key, _ = await access.create_key([PROJECT], SCOPES, "dev")
            _write_private(key_file, key)
        return key


def _load_samples(settings: Settings) -> None:
    # Loaded when it is used: it brings Arrow and more with it, and a data folder gets samples once.
    from batch_exports.sources.samples import load_samples  # noqa: PLC0415

    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with EventStore.open(settings.data_dir) as event_store:
        load_samples(event_store, PROJECT, until=this_hour, hours=SAMPLE_HOURS, per_hour=SAMPLE_EVENTS_PER_HOUR)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
