"""Connection checks that need no connection: what they find stands in the settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from batch_exports.domain.destinations import (
    CONNECTION_CHECKS,
    CheckStatus,
    ConnectionCheck,
    connection_checks,
    no_writer,
)

MISSING = "missing"
"""A bucket with this word in its name does not exist."""

_REACHES_BUCKET = 1
"""The first of the S3 steps that needs the bucket."""


class MockChecks:
    """All steps pass, in the words of real ones, but for missing buckets, and types without a writer are skipped."""

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> ConnectionCheck:
        """Run check number `step`, assuming that those before it passed."""
        check = connection_checks(kind)[step]
        if kind not in CONNECTION_CHECKS:
            return replace(check, status=CheckStatus.SKIPPED, message=str(no_writer(kind)))
        error = refusal(kind, config)
        if error is not None and step >= _REACHES_BUCKET:
            return replace(check, status=CheckStatus.FAILED, message=error)
        return replace(check, status=CheckStatus.PASSED, message=_passed(kind, config, step))


def _passed(kind: str, config: Mapping[str, Any], step: int) -> str | None:
    if kind == "File":
        return "The folder can be written to."
    if kind != "S3":
        return None
    host = urlsplit(config.get("endpoint_url") or f"https://s3.{config['region']}.amazonaws.com").hostname
    return (
        f"{host} answers.",
        f"The bucket '{config['bucket_name']}' exists.",
        f"Wrote and deleted '{_test_key(config['prefix'])}'.",
    )[step]


def _test_key(prefix: str) -> str:
    return "/".join(filter(None, [*prefix.split("/"), "connection_test"]))


def refusal(kind: str, config: Mapping[str, Any]) -> str | None:
    """Why a run with these settings fails at once; None when it does not."""
    if kind not in CONNECTION_CHECKS:
        return str(no_writer(kind))
    bucket = config.get("bucket_name")
    if kind == "S3" and isinstance(bucket, str) and MISSING in bucket:
        return (
            f"The bucket '{bucket}' does not exist, or these credentials may not see it. "
            "Create the bucket, or correct 'bucket_name' and the region."
        )
    return None
