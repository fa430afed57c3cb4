"""Answers that are sent as they stand, in place of what production's code would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson
from starlette.types import Send

from batch_exports.contract.errors import ApiError, allow_header, method_not_allowed, unavailable
from batch_exports.contract.operation_spec import METHODS, OperationSpec
from batch_exports.contract.request import Request
from batch_exports.domain.throttles import RateLimits
from batch_exports.services.throttle import Standing
from handlers._throttle import throttled

_CODES = {408: "request_timeout", 504: "timeout"}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """One such answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, request: Request, send: Send) -> None:
        """Send it as the answer to a request."""
        headers = {**self.headers, "X-Request-Id": request.id.decode()}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else self.body})


def canned(error: ApiError) -> CannedAnswer:
    """The answer to a request that is refused."""
    return CannedAnswer(error.status, orjson.dumps(error.body), error.headers)


def too_many_requests(seconds: int) -> ApiError:
    """A key has made too many requests, in the words of production."""
    return throttled(Standing(admitted=False, limit=RateLimits().per_minute, remaining=0, seconds=seconds))


def not_available(seconds: int = 1) -> ApiError:
    """The service is there, and does not come to an answer."""
    return unavailable("The service is not available at the moment.", seconds)


def refusal_with(status: int, operation: OperationSpec, retry_after: int | None = None) -> ApiError:
    """An error of a status, as the contract shows it for the operation if it documents one."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return too_many_requests(retry_after or 1)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return not_available(retry_after or 1)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return method_not_allowed(operation.method, _allow_besides(operation))
    shown = next(iter(operation.examples(status).values()), None)
    if shown is not None:
        return ApiError(status, shown["code"], shown["detail"], shown["attr"])
    return ApiError(status, _CODES.get(status, "error"), f"{_PHRASES.get(status, 'Error')}.")


def _allow_besides(operation: OperationSpec) -> str:
    declared = operation.document.document["paths"][operation.path]
    methods = [method.upper() for method in METHODS if method in declared]
    return allow_header([method for method in methods if method != operation.method])
