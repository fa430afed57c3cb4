"""Lets pages of other origins call the API from a browser, where an operator wants it."""

from collections.abc import Callable, Collection
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

EXPOSED_HEADERS = (
    "Allow",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
"""What such a page may read of an answer besides its body and type."""

_PREFLIGHT_SECONDS = 600


def open_to(origins: Collection[str]) -> Callable[[ASGIApp], ASGIApp]:
    """Wraps an application for pages of these origins (`*`: of any); preflights are answered without a key.

    Cookies are never asked for: a page has to show a key of its own, so that no other page can act in its name.
    """
    return partial(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )
