"""Which world a request is about: it says so in a header, its path, a cookie or its key, in this order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from batch_exports.contract.errors import ApiError, invalid
from mock_server.personas import KEY_SEPARATOR, KEYS

DEFAULT_WORLD = "default"
WORLD = "X-Mock-World"
"""The header that names a world, of a request and of its answer."""
COOKIE = "mock_world"
PREFIX = "/__w/"

_HEADER = WORLD.lower().encode()
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PATH = re.compile(r"/__w/([^/]*)", re.ASCII)
_BEARER = re.compile(rb"(?i:bearer) +(\S+)")

_KEYS = frozenset(KEYS.values())

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Address:
    """The world that a request names, None when it names none; `scope` is the request without the path's prefix."""

    world: str | None
    scope: Scope
    headers: Headers
    """The values by name; of a header that is given several times, the last."""


def read_address(scope: Scope) -> Address:
    """Find out which world a request is about; raises ApiError for a name that none can have."""
    headers = dict(scope["headers"])
    in_path = _PATH.match(scope["path"])
    if in_path is not None:
        # What is made from the request's own address, such as the next page's, keeps the prefix.
        scope = {**scope, "root_path": scope.get("root_path", "") + in_path[0]}
    name = _from_header(headers) or (in_path and in_path[1]) or _from_cookie(headers) or _from_key(headers)
    if name is None and in_path is None:
        return Address(None, scope, headers)
    if name is None or not _NAME.fullmatch(name):
        raise invalid("A world's name has up to 64 letters, digits, _ and -.", attr=WORLD)
    return Address(name, scope, headers)


def path_in_world(path: str) -> str:
    """A path without the prefix that names a world."""
    return _PATH.sub("", path, count=1) if path.startswith(PREFIX) else path


def world_required() -> ApiError:
    """The mock was started such that every request has to name its world."""
    return ApiError(
        400,
        "world_required",
        f"This mock takes no request without a world: send the header {WORLD}, put {PREFIX}NAME before the path, or "
        f"add {KEY_SEPARATOR}NAME to the key.",
        attr=WORLD,
    )


def _from_header(headers: Headers) -> str | None:
    name = headers.get(_HEADER)
    return None if name is None else name.decode("latin-1")


def _from_cookie(headers: Headers) -> str | None:
    # By hand, since the library reads none at all where one of them is not as it should be.
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        key, _, text = pair.partition("=")
        if key.strip() == COOKIE:
            return text.strip().strip('"')
    return None


def _from_key(headers: Headers) -> str | None:
    match = _BEARER.fullmatch(headers.get(b"authorization", b""))
    key, _, world = ("" if match is None else match[1].decode("latin-1")).partition(KEY_SEPARATOR)
    # Anything else is a wrong key, for which the answer is a 401.
    return world if world and key in _KEYS else None
