"""What those who watch a process are shown, and who may watch."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.bootstrap import build_world, prepare, prepare_folder
from batch_exports.contract.errors import ApiError
from batch_exports.contract.request import Request
from batch_exports.engine.lock import sole_worker
from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app
from batch_exports.settings import Settings
from batch_exports.store import migrate as migrate_store
from batch_exports.store.schema import VERSION_TABLE, older_revisions
from batch_exports.watching import WorkerPages, require_watcher
from tests.api import client_of, started
from tests.builders import keep_export
from tests.contract_layer.asgi import scope_of

TOKEN = "0123456789abcdef0123456789abcdef"
WELL = {"database": True, "migrations": True, "engine": True, "worker": False}
STRANGER = "192.0.2.7"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Settings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture
def local(tmp_path):
    """Settings of a database that is ready."""
    settings = Settings(data_dir=tmp_path / "data")
    prepare(settings)
    return settings


@asynccontextmanager
async def watched(settings, **options):
    """A client of the API's pages."""
    app = create_app(settings, Instruments({}))
    async with started(app) as state, client_of(app, state, **options) as client:
        yield client


async def told(client):
    answer = await client.get("/readyz")
    assert (answer.json()["status"] == "ready") == (answer.status_code == 200)
    return answer.status_code, answer.json()["parts"]


async def test_a_service_with_its_database_is_ready(settings):
    prepare(settings)
    async with watched(settings) as client:
        assert await told(client) == (200, WELL)


async def test_a_service_without_its_tables_lives_and_is_ready_as_soon_as_they_are_there(settings):
    prepare_folder(settings.data_dir)
    async with watched(settings) as client:
        status, parts = await told(client)
        assert (status, parts["migrations"], parts["engine"]) == (503, False, False)
        assert (await client.get("/healthz")).status_code == 200
        migrate_store(settings.store_url)
        assert await told(client) == (503, {**WELL, "engine": False})
        prepare(settings)
        assert await told(client) == (200, WELL)


async def test_a_service_before_its_migration_is_not_ready(settings):
    prepare(settings)
    engine = sa.create_engine(settings.store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        older = {"older": min(older_revisions())}
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = :older"), older)
    engine.dispose()
    async with watched(settings) as client:
        assert await told(client) == (503, {**WELL, "migrations": False})


async def test_a_worker_shows_and_is_not_needed(settings):
    prepare(settings)
    async with watched(settings) as client:
        with sole_worker(settings.store_url):
            assert await told(client) == (200, {**WELL, "worker": True})


async def test_requests_and_what_waits_are_in_the_metrics(settings):
    prepare(settings)
    due = datetime.now(UTC) - timedelta(hours=1)
    async with build_world(settings) as world:
        await keep_export(world.store, next_at=due)
    async with watched(settings) as client:
        await client.get("/api/projects/1/batch_exports/")
        answer = await client.get("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'batch_exports_requests_total{method="GET",operation="list_exports",status="401"} 1.0' in lines
    assert "batch_exports_database_up 1.0" in lines
    (lag,) = (float(line.split()[1]) for line in lines if line.startswith("batch_exports_schedule_lag_seconds "))
    assert 3600 <= lag < 3660


async def test_without_tables_the_metrics_say_that_the_database_is_of_no_use(tmp_path):
    async with watched(Settings(data_dir=tmp_path)) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    assert "batch_exports_database_up 0.0" in lines
    assert not [line for line in lines if line.startswith("batch_exports_open_runs")]


@pytest.mark.parametrize("caller", ["127.0.0.1", "127.8.9.1", "::1"])
async def test_metrics_are_shown_on_the_same_machine(local, caller):
    async with watched(local, caller=caller) as client:
        assert (await client.get("/metrics")).status_code == 200


@pytest.mark.parametrize("caller", [STRANGER, "2001:db8::1", "testclient", "0.0.0.0"])  # noqa: S104  # a caller
async def test_metrics_are_not_shown_to_strangers(local, caller):
    async with watched(local, caller=caller) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 403
    assert "BATCH_EXPORTS_METRICS_TOKEN" in answer.json()["detail"]
    assert "batch_exports_requests" not in answer.text


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP"])
async def test_callers_behind_a_proxy_on_the_same_machine_are_strangers(local, header):
    async with watched(local) as client:
        assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 403


@pytest.mark.parametrize("caller", [STRANGER, "127.0.0.1"])
async def test_a_token_opens_the_metrics_and_nothing_else_does(local, caller):
    settings = Settings(data_dir=local.data_dir, metrics_token=TOKEN)
    async with watched(settings, caller=caller) as client:
        answers = [
            await client.get("/metrics", headers=headers)
            for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {TOKEN[1:]}"}, {})
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 401]


@given(st.binary() | st.sampled_from([TOKEN.encode(), b"bearer " + TOKEN.encode(), f"Bearer {TOKEN} ".encode()]))
def test_no_other_text_than_the_token_opens(shown):
    request = Request(scope_of("GET", "/metrics", [(b"authorization", shown)], client=(STRANGER, 1)), None)
    if shown == b"Bearer " + TOKEN.encode():
        require_watcher(request, TOKEN)
    else:
        with pytest.raises(ApiError) as refused:
            require_watcher(request, TOKEN)
        assert refused.value.status == 401


@asynccontextmanager
async def worker_pages(settings, **options):
    """A client of a worker's own pages."""
    pages = WorkerPages(lambda: build_world(settings), settings, Instruments({}).metrics)
    async with started(pages) as state, client_of(pages, state, **options) as client:
        yield client


async def test_a_worker_lives_and_tells_what_it_counts(local):
    async with worker_pages(local) as client:
        alive, metrics = await client.get("/healthz"), await client.get("/metrics/")
        head = await client.head("/metrics")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert metrics.status_code == 200
    assert 'batch_exports_runs_started_total{kind="scheduled"} 0.0' in metrics.text.splitlines()
    assert (head.status_code, head.content) == (200, b"")


async def test_a_worker_has_no_other_pages_and_can_only_be_read(local):
    async with worker_pages(local) as client:
        assert [(await client.get(path)).status_code for path in ("/", "/readyz", "/openapi.json")] == [404] * 3
        refused = await client.post("/metrics")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_worker_s_metrics_are_closed_to_strangers_too(local):
    async with worker_pages(local, caller=STRANGER) as client:
        refused = await client.get("/metrics")
        assert (await client.get("/healthz")).status_code == 200
    assert refused.status_code == 403
    assert "BATCH_EXPORTS_METRICS_TOKEN" in refused.text
