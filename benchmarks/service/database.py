"""The database that all contestants work with: a project, a key, and an export with a thousand runs."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from batch_exports.bootstrap import cipher_of, prepare
from batch_exports.domain.exports import Export
from batch_exports.domain.keys import new_key
from batch_exports.domain.runs import RunStatus
from batch_exports.settings import PREFIX, Settings
from batch_exports.store import SqlStore
from tests.builders import keep_project, make_destination, make_export, make_key, make_run

RUNS = 1_000
_PERIOD = timedelta(minutes=5)
_NEVER_REFUSED = 10**9


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where to ask, and with which key."""

    project_id: int
    export: Export
    key: str = field(repr=False)

    @property
    def collection(self) -> str:
        """The path of the project's exports."""
        return f"/api/projects/{self.project_id}/batch_exports/"


def prepare_database(folder: Path, url: str | None, creation: dict[str, Any]) -> Prepared:
    """Fill a new database, and name it in the environment that the contestants are started with."""
    settings = Settings(
        data_dir=folder,
        database_url=url,
        throttle_per_minute=_NEVER_REFUSED,
        throttle_per_hour=_NEVER_REFUSED,
    )
    prepare(settings)
    os.environ |= {
        PREFIX + "DATA_DIR": str(folder),
        PREFIX + "DATABASE_URL": settings.store_url,
        PREFIX + "THROTTLE_PER_MINUTE": str(_NEVER_REFUSED),
        PREFIX + "THROTTLE_PER_HOUR": str(_NEVER_REFUSED),
    }
    return asyncio.run(_fill(settings, creation))


async def _fill(settings: Settings, creation: dict[str, Any]) -> Prepared:
    sent = dict(creation["destination"]["config"])
    secrets = {name: sent.pop(name) for name in ("aws_access_key_id", "aws_secret_access_key")}
    now = datetime.now(UTC)
    key = new_key()
    async with SqlStore.open(settings.store_url, cipher_of(settings)) as store, store.write() as tx:
        project_id = await keep_project(tx)
        await tx.access.add_key(make_key(key=key, project_ids=frozenset({project_id})))
        export = make_export(
            project_id=project_id, destination=make_destination(config=sent, secrets=secrets), created_at=now
        )
        await tx.exports.add(export)
        for number in range(RUNS):
            end = now - number * _PERIOD
            await tx.runs.add(
                make_run(
                    export,
                    status=RunStatus.COMPLETED,
                    data_interval_start=end - _PERIOD,
                    data_interval_end=end,
                    created_at=end,
                    last_updated_at=end,
                    finished_at=end,
                    records_completed=1_234,
                    records_total_count=1_234,
                    bytes_exported=56_789,
                )
            )
    return Prepared(project_id, export, key)
