"""Connection checks that need no connection: what they find stands in the settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from batch_exports.domain.destinations import TEST_STEPS, TestStatus, TestStep, no_writer, test_steps

MISSING = "missing"
"""A bucket with this word in its name does not exist."""

_REACHES_BUCKET = 1
"""The first of the S3 steps that needs the bucket."""


class MockChecks:
    """All steps pass, except that a bucket can be missing, and that a type without a writer has nothing to check."""

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> TestStep:
        """Run check number `step`, assuming that those before it passed."""
        check = test_steps(kind)[step]
        if kind not in TEST_STEPS:
            return replace(check, status=TestStatus.SKIPPED, message=str(no_writer(kind)))
        error = refusal(kind, config)
        if error is not None and step >= _REACHES_BUCKET:
            return replace(check, status=TestStatus.FAILED, message=error)
        return replace(check, status=TestStatus.PASSED)


def refusal(kind: str, config: Mapping[str, Any]) -> str | None:
    """Why a run with these settings fails at once; None when it does not."""
    if kind not in TEST_STEPS:
        return str(no_writer(kind))
    bucket = config.get("bucket_name")
    if kind == "S3" and isinstance(bucket, str) and MISSING in bucket:
        return (
            f"The bucket '{bucket}' does not exist, or these credentials may not see it. "
            "Create the bucket, or correct 'bucket_name' and the region."
        )
    return None
