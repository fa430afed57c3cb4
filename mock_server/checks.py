"""Connection checks that need no connection: what they find stands in the settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
    """All steps pass, except that a bucket can be missing, and that a type without a writer has nothing to check."""

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> ConnectionCheck:
        """Run check number `step`, assuming that those before it passed."""
        check = connection_checks(kind)[step]
        if kind not in CONNECTION_CHECKS:
            return replace(check, status=CheckStatus.SKIPPED, message=str(no_writer(kind)))
        error = refusal(kind, config)
        if error is not None and step >= _REACHES_BUCKET:
            return replace(check, status=CheckStatus.FAILED, message=error)
        return replace(check, status=CheckStatus.PASSED)


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
