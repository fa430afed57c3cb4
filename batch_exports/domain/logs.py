"""What a run says while it works."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class LogLevel(StrEnum):
    """How much a log entry matters, least first."""

    DEBUG = "DEBUG"
    LOG = "LOG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line about one run; `sequence` orders entries that share a timestamp and is set by the store."""

    export_id: UUID
    run_id: UUID
    level: LogLevel
    message: str
    timestamp: datetime
    sequence: int = 0
