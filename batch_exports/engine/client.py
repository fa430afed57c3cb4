"""Handing runs over to the engine and asking after them, from any process that has the database."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from dbos import DBOSClient, EnqueueOptions, WorkflowStatus

from batch_exports.domain.runs import Run
from batch_exports.engine.conventions import (
    APPLICATION,
    APPLICATION_VERSION,
    SCHEMA,
    WORKFLOW,
    engine_url,
    queue_name,
    serializer,
    workflow_id,
)
from batch_exports.ports import EngineState, Queue, Transaction

_STATES = {
    "ENQUEUED": EngineState.OPEN,
    "DELAYED": EngineState.OPEN,
    "PENDING": EngineState.OPEN,
    "SUCCESS": EngineState.DONE,
    "CANCELLED": EngineState.CANCELLED,
    "ERROR": EngineState.LOST,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": EngineState.LOST,
}

_IDS_PER_QUERY = 500


class DbosEngine:
    """The engine as a process without a worker sees it.

    It opens no connection before its first use, works on any event loop, and never makes tables: see `migrate`.
    """

    def __init__(self, database_url: str) -> None:
        # An unreachable database is an error for the caller, not a thread that waits for it without end.
        self._client = DBOSClient(
            system_database_url=engine_url(database_url),
            dbos_system_schema=SCHEMA,
            serializer=serializer(),
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    async def start(self, tx: Transaction, run: Run, queue: Queue) -> None:
        """Hand over a run in the store's transaction, so that either both know it or none; again does nothing.

        Runs of one export in one queue are carried out one at a time, in the order of their ids.
        """
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "workflow_id": workflow_id(run.id),
            "queue_name": queue_name(queue),
            "queue_partition_key": str(run.export_id),
            "app_version": APPLICATION_VERSION,
        }
        await tx.connection.run_sync(self._client.enqueue_in_transaction, options, str(run.id), str(run.export_id))

    async def cancel(self, run_id: UUID) -> None:
        """Stop a run at its next chunk, within about a second; one that ended or is unknown is left alone.

        It writes by a connection of its own: on SQLite, call it after the store's transaction, not inside.
        """
        await self._client.cancel_workflow_async(workflow_id(run_id))

    async def states(self, run_ids: Iterable[UUID]) -> Mapping[UUID, EngineState]:
        """What became of runs; UNKNOWN of those that were never handed over."""
        ids = {workflow_id(run_id): run_id for run_id in run_ids}
        states = dict.fromkeys(ids.values(), EngineState.UNKNOWN)
        for status in await self._find(list(ids)):
            states[ids[status.workflow_id]] = _STATES.get(status.status, EngineState.UNKNOWN)
        return states

    async def open_queue(self, queue: Queue, *, worker_concurrency: int, polling_seconds: float) -> None:
        """Make or change a queue: how many runs of it a worker carries out at once, how often it looks for more."""
        await self._client.register_queue_async(
            queue_name(queue),
            worker_concurrency=worker_concurrency,
            partition_concurrency=1,
            polling_interval_sec=polling_seconds,
        )

    async def release(self, run_ids: Iterable[UUID]) -> None:
        """Put back runs that a worker interrupted, so that its orderly stop does not count as a crash of theirs."""
        by_queue: dict[str, list[str]] = {}
        for status in await self._find([workflow_id(run_id) for run_id in run_ids]):
            # Those cancelled or ended meanwhile stay so.
            if status.status == "PENDING" and status.queue_name is not None:
                by_queue.setdefault(status.queue_name, []).append(status.workflow_id)
        for name, ids in by_queue.items():
            await self._client.resume_workflows_async(ids, queue_name=name)

    def close(self) -> None:
        """Close its connections; blocks for a moment."""
        self._client.destroy()

    async def _find(self, workflow_ids: Sequence[str]) -> list[WorkflowStatus]:
        found: list[WorkflowStatus] = []
        for first in range(0, len(workflow_ids), _IDS_PER_QUERY):
            ids = list(workflow_ids[first : first + _IDS_PER_QUERY])
            found += await self._client.list_workflows_async(workflow_ids=ids, load_input=False, load_output=False)
        return found
