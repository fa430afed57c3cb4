"""Which headers a mock passes on, there and back."""

from collections.abc import Iterable, Iterator

from mock_server.addressing import COOKIE

Headers = Iterable[tuple[bytes, bytes]]

_OF_ONE_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
# The answer to an origin is the mock's to give, and so is the length of a body that may be changed on the way.
_NOT_THERE = _OF_ONE_HOP | {b"accept-encoding", b"content-length", b"expect", b"host", b"origin", b"prefer"}
_NOT_BACK = _OF_ONE_HOP | {b"alt-svc", b"content-length", b"date", b"server", b"strict-transport-security"}
_OURS = b"x-mock-"
_CORS = b"access-control-"


def sent_there(headers: Headers, key: str | None, request_id: bytes, via: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a request as an upstream gets them; a key replaces that of the caller, who must have one."""
    sent = [(b"accept-encoding", b"gzip"), (b"x-request-id", request_id), (b"via", via)]
    for name, value in _between_ends(headers, _NOT_THERE | {b"x-request-id"}):
        if name == b"authorization" and key is not None:
            sent.append((name, f"Bearer {key}".encode()))
        elif name == b"cookie":
            sent += [(name, kept) for kept in [_without_world(value)] if kept]
        else:
            sent.append((name, value))
    return sent


def sent_back(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an upstream's answer as the caller gets them."""
    return [each for each in _between_ends(headers, _NOT_BACK) if not each[0].startswith(_CORS)]


def _between_ends(headers: Headers, left_out: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    given = [(name.lower(), value) for name, value in headers]
    named = {each.strip().lower() for name, value in given if name == b"connection" for each in value.split(b",")}
    for name, value in given:
        if name not in left_out and name not in named and not name.startswith(_OURS):
            yield name, value


def _without_world(cookies: bytes) -> bytes:
    kept = (each.strip() for each in cookies.split(b";"))
    return b"; ".join(each for each in kept if each.partition(b"=")[0].strip() != COOKIE.encode())
