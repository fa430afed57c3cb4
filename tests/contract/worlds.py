"""The two worlds that keep one contract: served by processes of their own, and as applications in this process."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from batch_exports.bootstrap import build_world, prepare
from batch_exports.conformance.hooks_settings import SILENT_ENDPOINT
from batch_exports.conformance.lasting_runs import make_lasting_runs
from batch_exports.conformance.target import Target
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.keys import READ_SCOPE, WRITE_SCOPE, ApiKey, hash_key, key_prefix
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app as create_production
from batch_exports.settings import Settings
from mock_server.app import Options
from mock_server.app import create_app as create_mock
from mock_server.clock import VirtualClock
from mock_server.personas import KEYS
from mock_server.templates import Origin
from mock_server.world import WorldLimits
from tests.service import Service, run_command

ACME, GLOBEX = 1, 2
"""Two projects that must not see each other."""

_MANY = 1_000_000
_PERSONAS: Mapping[str, tuple[int, frozenset[str]]] = {
    "admin": (ACME, frozenset({READ_SCOPE, WRITE_SCOPE})),
    "read": (ACME, frozenset({READ_SCOPE})),
    "none": (ACME, frozenset()),
    "other_project": (GLOBEX, frozenset({READ_SCOPE, WRITE_SCOPE})),
}


@contextmanager
def serve_mock(_folder: Path) -> Iterator[Target]:
    with Service("mock", "--port", "0", "--max-open-backfills", str(_MANY)) as service:
        keys = service.facts["keys"]
        yield Target(service.facts["url"], keys["admin"], keys["other_project"])


@contextmanager
def serve_production(folder: Path) -> Iterator[Target]:
    """Production as `dev` runs it, with worker and event store; its runs may reach this machine alone."""
    environment = {
        "BATCH_EXPORTS_EGRESS": "loopback",
        "BATCH_EXPORTS_MAX_OPEN_BACKFILLS": str(_MANY),
        "BATCH_EXPORTS_THROTTLE_PER_MINUTE": str(_MANY),
        # Runs that wait for a bucket where nobody answers must not hold up the others.
        "BATCH_EXPORTS_WORKER_CONCURRENCY": "8",
    }
    with Service("dev", "--port", "0", "--data-dir", str(folder), environment=environment) as service:
        url, key = service.facts["url"], service.facts["api_key"]
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            make_lasting_runs(client, SILENT_ENDPOINT)
        yield Target(url, key, _key_of_second_project(folder))


def mock_app(
    _folder: Path,
    clock: VirtualClock | None = None,
    max_open_backfills: int = _MANY,
    limits: RateLimits = NO_LIMITS,
) -> Any:
    """The mock before anything was made in it."""
    options = Options(limits=WorldLimits(max_open_backfills, limits))
    return create_mock(Origin("empty"), options, clock=clock)


def production_app(folder: Path, max_open_backfills: int = _MANY, limits: RateLimits = NO_LIMITS) -> Any:
    """Production without a worker, before anything was made in it, with the keys of the mock's personas."""
    settings = Settings(
        data_dir=folder,
        egress="loopback",
        file_root=folder / "files",
        max_open_backfills=max_open_backfills,
        throttle_per_minute=limits.per_minute,
        throttle_per_hour=limits.per_hour,
    )
    prepare(settings)
    asyncio.run(add_personas(settings))
    return create_production(settings, Instruments({}))


def _key_of_second_project(folder: Path) -> str:
    project = _printed("projects", "create", "--name", "Globex", "--data-dir", str(folder))["id"]
    scopes = ("--scope", READ_SCOPE, "--scope", WRITE_SCOPE)
    return str(_printed("keys", "create", "--project", str(project), *scopes, "--data-dir", str(folder))["key"])


def _printed(*arguments: str) -> dict[str, Any]:
    done = run_command(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


async def add_personas(settings: Settings) -> None:
    async with build_world(settings) as world:
        for name in ("Acme", "Globex"):
            organization_id = (await world.services.access.create_project(name)).organization_id
        async with world.store.write() as tx:
            for name, (project_id, scopes) in _PERSONAS.items():
                await tx.access.add_key(
                    ApiKey(
                        id=uuid7(),
                        organization_id=organization_id,
                        project_ids=frozenset({project_id}),
                        scopes=scopes,
                        prefix=key_prefix(KEYS[name]),
                        hash=hash_key(KEYS[name]),
                        label=name,
                        created_at=datetime.now(UTC),
                    )
                )
