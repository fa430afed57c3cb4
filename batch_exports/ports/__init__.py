"""What the services ask of the world; each world (production, mock) brings its own answers."""

from batch_exports.ports.access import AccessRepository, ActivityRepository, AnswerRepository, KeptAnswer
from batch_exports.ports.clock import Clock, IdFactory
from batch_exports.ports.data import (
    Chunk,
    DestinationChecks,
    Destinations,
    Lane,
    RunContext,
    Source,
    Writer,
    WrittenFile,
)
from batch_exports.ports.engine import EngineState, Queue, RunEngine
from batch_exports.ports.queries import ActivityQuery, BackfillQuery, ExportQuery, LogQuery, RunQuery
from batch_exports.ports.repositories import BackfillRepository, ExportRepository, LogRepository, RunRepository
from batch_exports.ports.store import Store, Transaction

__all__ = [
    "AccessRepository",
    "ActivityQuery",
    "ActivityRepository",
    "AnswerRepository",
    "BackfillQuery",
    "BackfillRepository",
    "Chunk",
    "Clock",
    "DestinationChecks",
    "Destinations",
    "EngineState",
    "ExportQuery",
    "ExportRepository",
    "IdFactory",
    "KeptAnswer",
    "Lane",
    "LogQuery",
    "LogRepository",
    "Queue",
    "RunContext",
    "RunEngine",
    "RunQuery",
    "RunRepository",
    "Source",
    "Store",
    "Transaction",
    "Writer",
    "WrittenFile",
]
