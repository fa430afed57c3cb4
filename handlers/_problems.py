"""The table from domain errors to HTTP answers."""

from batch_exports.contract.errors import ApiError
from batch_exports.domain.errors import Changed, Conflict, DomainError, Invalid, LimitReached, NotFound

_STATUSES: dict[type[DomainError], int] = {Invalid: 400, NotFound: 404, Conflict: 409, Changed: 412, LimitReached: 429}


def translate(error: Exception) -> ApiError | None:
    """The answer to a domain error; None for any other, which is a fault of the server."""
    status = _STATUSES.get(type(error)) if isinstance(error, DomainError) else None
    if status is None or not isinstance(error, DomainError):
        return None
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, LimitReached) else {}
    return ApiError(status, error.code, error.detail, error.attr, headers)
