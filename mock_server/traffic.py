"""How much an imaginary project records: numbers that look like a product's days, the same each time they are asked."""

import math
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from batch_exports.domain.exports import Export, Model

_HOUR = timedelta(hours=1)
_HISTORY = timedelta(days=90)
_QUIETEST_UTC_HOUR = 3
_WEEKEND = 5

_PER_HOUR = {Model.EVENTS: (6_000, 48_000), Model.PERSONS: (300, 2_400), Model.SESSIONS: (700, 5_200)}
"""The range of an export's mean rows in an hour, by model."""

_ROW_SIZES = {Model.EVENTS: 920, Model.PERSONS: 310, Model.SESSIONS: 460}
_PACKING = {None: 1.0, "gzip": 0.14, "brotli": 0.11, "zstd": 0.12, "lz4": 0.22, "snappy": 0.24}
_PARQUET_SHARE = 0.55


def draw(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / (1 << 48)


def recorded_since(export: Export) -> datetime:
    """When a project began to record what an export reads: some time before the export was made."""
    return export.created_at - _HISTORY


def rows_between(export: Export, start: datetime, end: datetime) -> int:
    """How many rows an export finds in `[start, end)`."""
    if end <= recorded_since(export):
        return 0
    low, high = _PER_HOUR[export.model]
    mean = low + (high - low) * draw(export.id, "mean") ** 2
    middle = start + (end - start) / 2
    jitter = 0.9 + 0.2 * draw(export.id, start.isoformat(), "rows")
    return round(mean * ((end - start) / _HOUR) * _rhythm(middle, end - start) * jitter)


def bytes_of(export: Export, rows: int) -> int:
    """How many bytes those rows take as the export writes them."""
    config: dict[str, Any] = dict(export.destination.config)
    size = rows * _ROW_SIZES[export.model] * _PACKING.get(config.get("compression"), 1.0)
    if config.get("file_format") == "Parquet":
        size *= _PARQUET_SHARE
    return round(size * (0.97 + 0.06 * draw(export.id, rows, "bytes")))


def _rhythm(middle: datetime, length: timedelta) -> float:
    """The share of the mean at a time of day and week; a whole day evens out the hours."""
    week = 0.6 if middle.weekday() >= _WEEKEND else 1.1
    if length >= timedelta(days=1):
        return week
    hours = middle.hour + middle.minute / 60 - _QUIETEST_UTC_HOUR
    return week * (1 - 0.75 * math.cos(hours / 24 * math.tau))
