"""Tells callers how many requests their key has left, and refuses those that are too many."""

from collections.abc import Mapping, Sequence
from typing import Any

from batch_exports.contract.errors import ApiError
from batch_exports.contract.security import Principal
from batch_exports.services.throttle import Standing, ThrottleService


async def throttle(principal: Principal, state: Mapping[str, Any]) -> Sequence[tuple[bytes, bytes]]:
    """Count a request of a key: the headers of its answer; raises ApiError for one too many."""
    counter: ThrottleService = state["services"].throttle
    standing = await counter.admit(principal.id)
    if standing is None:
        return ()
    if not standing.admitted:
        raise throttled(standing)
    return (
        (b"ratelimit-limit", b"%d" % standing.limit),
        (b"ratelimit-remaining", b"%d" % standing.remaining),
        (b"ratelimit-reset", b"%d" % standing.seconds),
    )


def throttled(standing: Standing) -> ApiError:
    """The refusal of a request that is one too many."""
    seconds = standing.seconds
    detail = f"Request was throttled. Expected available in {seconds} second{'' if seconds == 1 else 's'}."
    headers = {
        "Retry-After": str(seconds),
        "RateLimit-Limit": str(standing.limit),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(seconds),
    }
    return ApiError(429, "throttled", detail, headers=headers)
