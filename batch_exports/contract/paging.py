"""Cursors: a position in a list, opaque to clients, so that the positions can change their form."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from batch_exports.contract.errors import ApiError, not_found

_TEXT_LIMIT = 1024
_SAFE_INTEGER = 2**53


def encode_cursor(values: Sequence[str | int]) -> str:
    """A cursor that carries these values."""
    return urlsafe_b64encode(orjson.dumps(list(values))).rstrip(b"=").decode()


def decode_cursor(text: str, length: int) -> list[Any]:
    """The values of a cursor that this service made; ApiError(404) for any other text, PostHog's answer to it."""
    if len(text) > _TEXT_LIMIT:
        raise _invalid_cursor()
    try:
        raw = text.encode("ascii")
        values = orjson.loads(urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        raise _invalid_cursor() from None
    if not isinstance(values, list) or len(values) != length or not all(map(_is_plain, values)):
        raise _invalid_cursor()
    # One position has one cursor, however lenient the decoders are.
    if encode_cursor(values) != text:
        raise _invalid_cursor()
    return values


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    return type(value) is int and -_SAFE_INTEGER < value < _SAFE_INTEGER


def _invalid_cursor() -> ApiError:
    return not_found("Invalid cursor")
