"""Which service a mock works with, and for which operations."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit


class UpstreamError(Exception):
    """An upstream cannot be used as it was named; the text says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A service by the URL that stands before its paths, and the operations that it answers, by their ids or `*`."""

    url: str
    proxied: frozenset[str]
    key: str | None = field(default=None, repr=False)
    """What is sent in place of the callers' keys."""


def make_target(url: str | None, names: Collection[str], key: str | None, *, is_local: bool) -> Target:
    """The upstream of a mock as its options say; raises UpstreamError.

    `is_local` says whether only this machine can reach the mock.
    """
    if url is None:
        raise UpstreamError("Say with --upstream which service answers the operations of --proxy.")
    if not names:
        raise UpstreamError("Say with --proxy which operations the upstream answers; '*' stands for all.")
    if key is not None and not is_local:
        raise UpstreamError(
            "Others can reach this mock, and could use the upstream's key: leave out --upstream-key and let callers "
            "send theirs, or listen on this machine alone."
        )
    return Target(read_url(url), frozenset(names), key)


def read_url(text: str) -> str:
    """The URL of an upstream, without a final slash; raises UpstreamError, which repeats nothing of it."""
    try:
        parts = urlsplit(text)
        has_host, _ = bool(parts.hostname), parts.port
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in ("http", "https"):
        raise UpstreamError(
            "The URL of an upstream begins with http:// or https:// and a host, as https://example.com."
        )
    if "@" in parts.netloc:
        raise UpstreamError("The URL of an upstream may hold no credentials: give a key of its own beside it.")
    if parts.query or parts.fragment:
        raise UpstreamError("The URL of an upstream ends where the paths of the contract begin: leave out ? and #.")
    return text.rstrip("/")


def is_this_machine(host: str) -> bool:
    """Whether a host, with its port or without, is this machine by a name that nobody else can own."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False
