"""What a handler may ask about the request it answers."""

import hmac
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from batch_exports.contract.checks import Checks
from batch_exports.contract.request import Request
from batch_exports.contract.security import Principal

_HOST = re.compile(r"[A-Za-z0-9._\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", re.ASCII)
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~@/\-]*", re.ASCII)
_STANDARD_PORTS = {"http": 80, "https": 443}


class Context:
    """The request behind a call: who calls, for which project, and the application's state."""

    __slots__ = ("_checks", "_request", "_tail", "operation_id", "principal", "project_id", "request_id", "state")

    def __init__(
        self,
        request: Request,
        operation_id: str,
        principal: Principal,
        project_id: int,
        checks: Checks,
        tail: int,
    ) -> None:
        self._request = request
        self.request_id = request.id.decode()
        """The id under which the request is logged."""
        self.state = request.state
        """What the application's lifespan yielded."""
        self.operation_id = operation_id
        self.principal = principal
        self.project_id = project_id
        self._checks = checks
        self._tail = tail

    @property
    def base_url(self) -> str:
        """The absolute URL of the project's collection, by the path that the caller used, without a final slash."""
        segments = self._request.full_path.rstrip("/").split("/")
        kept = segments[: len(segments) - self._tail]
        return self._absolute("/".join(kept))

    def url(self, **query: str | int | None) -> str:
        """The request's absolute URL with these query parameters replaced; None leaves one out."""
        given = parse_qsl(self._request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        kept = [(name, text) for name, text in given if name not in query]
        added = [(name, str(value)) for name, value in query.items() if value is not None]
        url = self._absolute(self._request.full_path)
        return f"{url}?{urlencode([*kept, *added])}" if kept or added else url

    def check(self, schema_name: str, value: Any, at: str = "destination") -> None:
        """Raise ApiError if a value breaks a schema of the contract; `at` names the field that it stands for."""
        self._checks.require(schema_name, value, at)

    def digest(self, text: bytes) -> str:
        """What identifies a text, and tells nobody anything of it who lacks the caller's token."""
        token = (self._request.authorization or b"").rpartition(b" ")[2]
        # Not SHA-256, by which HMAC would shorten a long token: to what is kept of tokens, to know them again.
        return hmac.digest(token, text, "sha3_256").hex()

    def _absolute(self, path: str) -> str:
        scope = self._request.scope
        host = self._request.headers.get(b"host", b"").decode("latin-1")
        if not _HOST.fullmatch(host):
            name, port = scope.get("server") or ("localhost", None)
            host = name if port in (None, _STANDARD_PORTS.get(scope["scheme"])) else f"{name}:{port}"
        return f"{scope['scheme']}://{host}{path if _PLAIN_PATH.fullmatch(path) else quote(path, safe='/@')}"
