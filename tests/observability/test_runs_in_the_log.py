"""What a worker logs of a run names it, and shows none of its credentials."""

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from batch_exports.bootstrap import about_run
from batch_exports.engine import Worker, WorkerSettings
from batch_exports.observability.subject import hide
from tests.engine.worker_process import ScriptedBody, assemble
from tests.engine.world import make_database, open_world
from tests.observability.lines import logged


@dataclass
class WithCredentials(ScriptedBody):
    """The body of runs whose credentials are what its unexpected errors tell."""

    async def plan(self, run_id):
        hide(["hunter2"])
        return await super().plan(run_id)


async def test_an_unexpected_error_of_a_run_is_logged_with_its_ids_and_without_its_credentials(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path}/state.db"
    make_database(url)

    @asynccontextmanager
    async def assembled():
        async with assemble(url, tmp_path / "journal") as duties:
            body = WithCredentials(duties.body.database, duties.body.engine, duties.body.journal)
            yield replace(duties, body=body, about=about_run)

    worker = Worker(WorkerSettings(database_url=url), assembled)
    with logged(logging.WARNING) as lines:
        worker.start()
        try:
            async for world in open_world(tmp_path, url):
                export_id = uuid4()
                run_id = await world.give(export_id=export_id, errors={"plan": ["unexpected"]})
                await world.ended(run_id)
        finally:
            assert worker.stop()
        (line,) = [line for line in lines() if line["message"].startswith("Unexpected error")]
    assert (line["run_id"], line["export_id"]) == (str(run_id), str(export_id))
    assert "KeyError" in line["exception"]
    assert "hunter2" not in str(lines())
