"""Turns what handlers return into responses, and refuses to send what the contract does not promise."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from batch_exports.contract.body import JSON
from batch_exports.contract.checks import Check, Checks
from batch_exports.contract.errors import ApiError
from batch_exports.contract.params import Parameter
from batch_exports.contract.spec import Spec

Headers = list[tuple[bytes, bytes]]
Response = tuple[int, Headers, bytes]

JSON_HEADER = (b"content-type", JSON.encode())

_HEADER_TEXT = re.compile(r"[\x20-\x7e\x80-\xff]*")
# The edge adds these to every response itself.
_OWN_HEADERS = frozenset({"x-request-id", "content-type", "content-length"})
_FIRST_SUCCESS, _LAST_SUCCESS = 200, 299
_NO_CONTENT = 204


class ContractBroken(Exception):
    """A handler answered what the contract does not promise; clients get a 500 and the log gets the place."""


class _Promise:
    """What the contract says about one status."""

    __slots__ = ("check", "headers", "is_valid", "required")

    def __init__(self, declared: Mapping[str, Any], spec: Spec, checks: Checks) -> None:
        content = declared.get("content", {}).get(JSON)
        self.check: Check | None = None if content is None else checks.outgoing(content.get("schema", {}))
        self.is_valid = None if self.check is None else self.check.is_valid
        self.headers = {
            name.lower(): Parameter({**spec.resolve(header), "name": name, "in": "header"}, spec, checks)
            for name, header in declared.get("headers", {}).items()
            if name.lower() not in _OWN_HEADERS
        }
        self.required = frozenset(name for name, parameter in self.headers.items() if parameter.required)


class Responder:
    """Makes the responses of one operation."""

    __slots__ = ("_operation_id", "_promises", "_success")

    def __init__(self, operation_id: str, responses: Mapping[str, Any], spec: Spec, checks: Checks) -> None:
        self._operation_id = operation_id
        self._promises = {int(status): _Promise(spec.resolve(each), spec, checks) for status, each in responses.items()}
        self._success = success_status(responses)

    def accept(self, result: Any) -> Response:
        """The response to what a handler returned: a body, `(body, status)` or `(body, status, headers)`."""
        if type(result) is not tuple:
            return self._response(result, self._success, None)
        body, status, *headers = result
        return self._response(body, status, headers[0] if headers else None)

    def refuse(self, error: ApiError) -> Response:
        """The response to an error that a handler raised."""
        try:
            return self._response(error.body, error.status, error.headers)
        except ContractBroken as broken:
            raise broken from error

    def _response(self, body: Any, status: int, headers: Mapping[str, str] | None) -> Response:
        promise = self._promises.get(status)
        if promise is None:
            raise self._broken(f"status {status} is not documented")
        sent = self._headers(promise, headers or {}) if headers or promise.required else []
        if promise.is_valid is None:
            if body is not None:
                raise self._broken(f"status {status} has no body")
            return status, sent, b""
        content = _json(body)
        if not promise.is_valid(orjson.loads(content)):
            raise self._broken(f"status {status}: {_place(promise, content)}")
        sent.append(JSON_HEADER)
        return status, sent, content

    def _headers(self, promise: _Promise, headers: Mapping[str, str]) -> Headers:
        encoded, missing = [], set(promise.required)
        for name, text in headers.items():
            lower = name.lower()
            missing.discard(lower)
            promised = promise.headers.get(lower)
            if promised is not None and not promised.accepts(text):
                raise self._broken(f"header {promised.name}: {_misfit(promised, text)}")
            if not _HEADER_TEXT.fullmatch(text):
                raise self._broken(f"header {name} has characters that no header may carry")
            encoded.append((lower.encode("ascii"), text.encode("latin-1")))
        if missing:
            raise self._broken(f"header {promise.headers[min(missing)].name} is missing")
        return encoded

    def _broken(self, reason: str) -> ContractBroken:
        return ContractBroken(f"{self._operation_id}: {reason}")


def _misfit(promised: Parameter, text: str) -> str:
    try:
        promised.read_one(text)
    except ApiError as error:
        return error.detail
    return ""


def _json(body: Any) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_UTC_Z)
    except TypeError:
        # Looking for keys that are no strings doubles the time, and hardly any body has them.
        return orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def success_status(responses: Mapping[str, Any]) -> int:
    """The lowest success that an operation documents: what its handler means when it says nothing else."""
    documented = (int(status) for status in responses)
    return min((each for each in documented if _FIRST_SUCCESS <= each <= _LAST_SUCCESS), default=_NO_CONTENT)


def _place(promise: _Promise, content: bytes) -> str:
    """Where the body breaks its schema; never the value itself, which may be a secret."""
    if promise.check is None:
        return ""
    violation = promise.check.violation(orjson.loads(content))
    pointer = "".join(f"/{step}" for step in violation.path)
    return f"the body breaks its schema at {pointer or '/'}: {violation.code}"
