"""The connection checks of an S3 destination."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.s3.config import S3Settings
from batch_exports.destinations.s3.storage import Patience, S3Storage
from batch_exports.domain.errors import Invalid, PermanentFailure
from batch_exports.domain.object_keys import object_keys

_PATIENCE = Patience(seconds=10, retries=0)
"""Somebody waits for the answer."""


def check(config: Mapping[str, Any], step: int, gate: EgressGate) -> str:
    """Run one check; the result in words, or an ExportFailure that tells what to change."""
    settings = S3Settings.read(config)
    storage = S3Storage(settings, gate, _PATIENCE)
    if step == 0:
        gate.connect(settings.host, settings.port).close()
        return f"{settings.host} answers."
    if step == 1:
        storage.list_any()
        # A list without entries can be read out of anything that a web server answers.
        if storage.exists(_test_key(config)):
            raise PermanentFailure(
                f"{settings.host} answers as if any object were there, as no S3 server does. Correct endpoint_url."
            )
        return f"The bucket '{settings.bucket}' exists."
    key = _test_key(config)
    storage.put(key, [b"connection test\n"])
    storage.delete(key)
    return f"Wrote and deleted '{key}'."


def _test_key(config: Mapping[str, Any]) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        keys = object_keys(config, model="events", start=now, end=now)
    except Invalid as error:
        raise PermanentFailure(error.detail) from None
    return f"{keys.base}_connection_test_{uuid4().hex}"
