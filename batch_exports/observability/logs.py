"""How the log is written: lines for people, or an object a line for programs; without secrets either way."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from batch_exports.observability.redaction import redact
from batch_exports.observability.subject import current

FIELDS = "batch_exports_fields"
"""Name of the attribute of a record that holds fields of its own, given as `extra={FIELDS: {...}}`."""


class TextFormatter(logging.Formatter):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the library's name
        """The line of a record, with what it is about at its end."""
        subject = current()
        about = "" if subject is None else "".join(f" {name}={value}" for name, value in subject.fields.items())
        return super().formatMessage(record) + about

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, followed by its traceback."""
        return _without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        subject = current()
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({} if subject is None else subject.fields),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        return json.dumps({name: _shown(value) for name, value in entry.items()})


_FORMATTERS: Mapping[str, type[logging.Formatter]] = {"text": TextFormatter, "json": JsonFormatter}


def start_logging() -> None:
    """Write the log to standard error, until the settings are known as warnings for people."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def configure_logging(level: str, style: str) -> None:
    """Write the log from this level on, in this style: text or json."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, tuple(_FORMATTERS.values())):
            handler.setFormatter(_FORMATTERS[style]())
    number = logging.getLevelNamesMapping()[level.upper()]
    # Others' debugging output may show what must not be shown.
    logging.getLogger().setLevel(max(number, logging.WARNING))
    for package in ("batch_exports", "handlers"):
        logging.getLogger(package).setLevel(number)


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else _without_secrets(str(value))


def _without_secrets(text: str) -> str:
    subject = current()
    return redact(text, () if subject is None else subject.secrets)
