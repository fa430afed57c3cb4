"""Reads request bodies: JSON within limits, held against its schema."""

from typing import Any

from batch_exports.contract.checks import Check
from batch_exports.contract.errors import ApiError, unsupported_media_type
from batch_exports.contract.json_text import parse_json
from batch_exports.contract.request import Limits, Request

JSON = "application/json"
_JSON = JSON.encode()


class BodyReader:
    """Reads the body of one operation."""

    __slots__ = ("_check", "_limits", "_required")

    def __init__(self, check: Check, limits: Limits, *, required: bool) -> None:
        self._check = check
        self._limits = limits
        self._required = required

    async def read(self, request: Request) -> Any:
        """The parsed body; None where an optional body is absent."""
        raw = await request.body(self._limits.body_bytes)
        if not raw:
            return self._absent()
        content_type = request.headers.get(b"content-type", b"")
        if content_type != _JSON and _media_type(content_type) != _JSON:
            raise unsupported_media_type(_media_type(content_type).decode("latin-1")[:100])
        value = parse_json(raw, self._limits)
        if not self._check.is_valid(value):
            raise self._check.refusal(value)
        return value

    def _absent(self) -> None:
        if not self._required:
            return
        # PostHog reads no body as one without fields, so the first required field is what is missing.
        if not self._check.is_valid({}):
            raise self._check.refusal({})
        raise ApiError(400, "required", "A request body is required.")


def _media_type(content_type: bytes) -> bytes:
    # A charset is ignored: JSON is UTF-8, whatever the sender calls it.
    return content_type.partition(b";")[0].strip().lower()
