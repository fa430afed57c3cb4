"""Answers that are sent as they stand, in place of what production's code would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

import orjson
from starlette.types import Send

from batch_exports.contract.errors import ApiError, allow_header, method_not_allowed
from batch_exports.contract.operation_spec import METHODS, OperationSpec
from batch_exports.contract.request import Request

_CODES = {408: "request_timeout", 504: "timeout"}
_LIMIT = "480"
"""How many requests a minute a key may make, as far as clients are told."""
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


def throttled(seconds: int) -> ApiError:
    """A key has made too many requests, in the words of production."""
    detail = f"Request was throttled. Expected available in {seconds} second{'' if seconds == 1 else 's'}."
    headers = {"RateLimit-Limit": _LIMIT, "RateLimit-Remaining": "0", "RateLimit-Reset": str(seconds)}
    return ApiError(429, "throttled", detail, headers={"Retry-After": str(seconds), **headers})


def unavailable(headers: Mapping[str, str] = MappingProxyType({})) -> ApiError:
    """The service is there, and does not come to an answer."""
    return ApiError(503, "unavailable", "The service is not available at the moment.", headers=headers)


def refusal_with(status: int, operation: OperationSpec, retry_after: int | None = None) -> ApiError:
    """An error of a status, as the contract shows it for the operation if it documents one."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled(retry_after or 1)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return unavailable(headers)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return method_not_allowed(operation.method, _allow_besides(operation))
    shown = next(iter(operation.examples(status).values()), None)
    if shown is not None:
        return ApiError(status, shown["code"], shown["detail"], shown["attr"], headers)
    return ApiError(status, _CODES.get(status, "error"), f"{_PHRASES.get(status, 'Error')}.", headers=headers)


def _allow_besides(operation: OperationSpec) -> str:
    declared = operation.document.document["paths"][operation.path]
    methods = [method.upper() for method in METHODS if method in declared]
    return allow_header([method for method in methods if method != operation.method])
