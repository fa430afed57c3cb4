"""The one shape that every error of the API has, and the errors that the edge itself answers."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

_TYPES = {400: "validation_error", 401: "authentication_error", 403: "authentication_error", 429: "throttled_error"}
_FIRST_SERVER_STATUS = 500

PARSE_ERROR = "parse_error"
MAY_BE_DONE = (
    "The service did not come to an answer. What was asked for may still have been done: look before you send the "
    "request again, or send it with the same Idempotency-Key."
)


class ApiError(Exception):
    """A refusal as the client sees it: status, a code for programs, a sentence for people, the field it is about."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        attr: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.attr = attr
        self.headers = headers

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"type": self._type(), "code": self.code, "detail": self.detail, "attr": self.attr}

    def _type(self) -> str:
        if self.status >= _FIRST_SERVER_STATUS:
            return "server_error"
        if self.code == PARSE_ERROR:
            return "invalid_request"
        return _TYPES.get(self.status, "invalid_request")


def parse_error(reason: str) -> ApiError:
    """The body is not the JSON text it claims to be."""
    return ApiError(400, PARSE_ERROR, f"JSON parse error - {reason}")


def invalid(detail: str, attr: str | None = None) -> ApiError:
    """A value that no finer code describes."""
    return ApiError(400, "invalid_input", detail, attr)


def not_authenticated() -> ApiError:
    """No usable credential came with the request."""
    return _unauthorized("not_authenticated", "Authentication credentials were not provided.")


def authentication_failed() -> ApiError:
    """The credential is not, or no longer, one of ours."""
    return _unauthorized("authentication_failed", "Personal API key found in request Authorization header is invalid.")


def permission_denied(detail: str) -> ApiError:
    """The caller is known but may not do this."""
    return ApiError(403, "permission_denied", detail)


def not_found(detail: str = "Not found.") -> ApiError:
    """Nothing stands at this address, as far as this caller may know."""
    return ApiError(404, "not_found", detail)


def endpoint_not_found() -> ApiError:
    """No operation has this path."""
    return not_found("Endpoint not found.")


def method_not_allowed(method: str, allow: str) -> ApiError:
    """The path exists, with other methods."""
    return ApiError(405, "method_not_allowed", f'Method "{method}" not allowed.', headers={"Allow": allow})


def body_too_large(limit: int) -> ApiError:
    """The body exceeds the limit; the connection is closed, so that the rest is not read for nothing."""
    return ApiError(
        413, "payload_too_large", f"The request body is larger than {limit} bytes.", headers={"Connection": "close"}
    )


def unsupported_media_type(media_type: str) -> ApiError:
    """The body is not declared as JSON."""
    return ApiError(415, "unsupported_media_type", f'Unsupported media type "{media_type}" in request.')


def headers_too_large() -> ApiError:
    """The header section exceeds the limits."""
    return ApiError(431, "headers_too_large", "The request has too many or too long headers.")


def server_error() -> ApiError:
    """Something broke on our side; the cause is in the log under the request's id."""
    return ApiError(500, "error", "A server error occurred.")


def unavailable(detail: str, retry_after: int = 1) -> ApiError:
    """The service cannot answer now, and may in so many seconds."""
    return ApiError(503, "unavailable", detail, headers={"Retry-After": str(retry_after)})


def not_implemented(operation_id: str) -> ApiError:
    """The contract has the operation, this server does not have it yet."""
    return ApiError(501, "not_implemented", f"The operation {operation_id} is not implemented yet.")


def allow_header(methods: Sequence[str]) -> str:
    """The value of `Allow` for a path that declares these methods."""
    extra = {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}
    return ", ".join(sorted({*methods, *extra}))


def _unauthorized(code: str, detail: str) -> ApiError:
    return ApiError(401, code, detail, headers={"WWW-Authenticate": "Bearer"})
