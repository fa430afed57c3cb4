"""Takes secrets out of what the journal shows: keys, cookies, and the credentials of destinations."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from batch_exports.domain.destinations import NESTED_SECRET_KEYS, SECRET_KEYS
from mock_server.addressing import COOKIE
from mock_server.personas import KEY_SEPARATOR, KEYS

HIDDEN = "***"
DEEPEST = 100
"""How deep a body may be nested that is shown; the contract takes none that is deeper."""

_SECRET_NAMES = NESTED_SECRET_KEYS.union(*SECRET_KEYS.values())
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_PLAIN_SECRET_NAMES = frozenset(_NOT_ALPHANUMERIC.sub("", name) for name in _SECRET_NAMES)
_SECRET_PARTS = ("apikey", "accesskey", "serviceaccount", "secret", "credential")
"""What a credential of some other service has in its name."""
_ALWAYS_SHOWN = frozenset({"secretsset"})
# JSON within a string, which may be cut off: an object that was turned into a text twice, or an echo of one.
_JSON_WITHIN = re.compile(
    rf"[\"'](?:{'|'.join(sorted(name.replace('_', '[_-]?') for name in _SECRET_NAMES))})\\*[\"']\s*:", re.IGNORECASE
)
_PASSWORD_IN_URL = re.compile(r"(://[^\s/:@]*):[^\s/@]+@")
_CREDENTIALS = re.compile(r"(bearer|basic|digest) +(\S+)", re.IGNORECASE)
_PUBLIC_KEYS = frozenset(KEYS.values())
_COOKIES = frozenset({"cookie", "set-cookie"})
_AUTHORIZATIONS = frozenset({"authorization", "proxy-authorization"})


class TooDeep(ValueError):
    """A value is nested too deep to be shown."""


def is_secret(name: str) -> bool:
    """Whether what has this name is a credential, however the name is written."""
    plain = _NOT_ALPHANUMERIC.sub("", name.lower())
    if plain in _PLAIN_SECRET_NAMES or plain in _AUTHORIZATIONS:
        return True
    return plain not in _ALWAYS_SHOWN and any(part in plain for part in _SECRET_PARTS)


def redact(value: Any, deepest: int = DEEPEST) -> Any:
    """A JSON value without credentials; raises TooDeep."""
    if deepest < 0:
        raise TooDeep
    match value:
        case dict():
            return {
                redact(key): HIDDEN if inner is not None and is_secret(key) else redact(inner, deepest - 1)
                for key, inner in value.items()
            }
        case list():
            return [redact(inner, deepest - 1) for inner in value]
        case str() if _JSON_WITHIN.search(value):
            return HIDDEN
        case str():
            return _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", value)
    return value


def shown_body(raw: bytes | bytearray | None) -> Any:
    """A body as it may be shown; of one that is not JSON, in which nothing can be found, no more than its size."""
    if not raw:
        return None
    try:
        return redact(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return f"not JSON, {len(raw)} bytes"
    except TooDeep:
        return f"nested deeper than {DEEPEST} levels, {len(raw)} bytes"


def shown_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers by name as they may be shown."""
    return [_shown_header(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def shown_parameters(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query as they may be shown."""
    return [
        (redact(name), HIDDEN if is_secret(name) else redact(value))
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    ]


def shown_query(query: bytes) -> str:
    """A query as it may be shown: as it was, unless there is something to hide."""
    shown = shown_parameters(query)
    if any(HIDDEN in pair for pair in shown):
        return urlencode(shown, safe="*")
    return query.decode("latin-1")


def shown_cookies(text: str) -> list[tuple[str, str]]:
    """The cookies of a header as they may be shown: all are credentials but the one that names a world."""
    cookies = []
    for part in text.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator:
            cookies.append((name, value if name == COOKIE else HIDDEN))
        elif name:
            cookies.append((HIDDEN, ""))
    return cookies


def _shown_header(name: str, value: str) -> tuple[str, str]:
    lower = name.lower()
    if lower in _AUTHORIZATIONS:
        return name, _shown_credentials(value)
    if lower in _COOKIES:
        return name, "; ".join(f"{key}={text}" if text else key for key, text in shown_cookies(value))
    return name, HIDDEN if is_secret(name) else redact(value)


def _shown_credentials(value: str) -> str:
    match = _CREDENTIALS.fullmatch(value.strip())
    if match is None:
        return HIDDEN if value else ""
    is_public = match[2].partition(KEY_SEPARATOR)[0] in _PUBLIC_KEYS
    return f"{match[1]} {match[2] if is_public else HIDDEN}"
