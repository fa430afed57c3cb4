"""Durable execution of runs: what survives a crash, resumes at the step it was in, and can be cancelled.

The only part of the product that knows DBOS. `DbosEngine` hands runs over and asks after them from any process,
`Worker` carries them out in one.
"""

from batch_exports.engine.attempts import RetryPolicy
from batch_exports.engine.body import Duties, RunBody
from batch_exports.engine.client import DbosEngine
from batch_exports.engine.conventions import is_supported, migrate
from batch_exports.engine.lock import WorkerAlreadyRunning, has_worker
from batch_exports.engine.worker import Worker, WorkerSettings

__all__ = [
    "DbosEngine",
    "Duties",
    "RetryPolicy",
    "RunBody",
    "Worker",
    "WorkerAlreadyRunning",
    "WorkerSettings",
    "has_worker",
    "is_supported",
    "migrate",
]
