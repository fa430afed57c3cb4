"""Handlers that are still to be written."""

from collections.abc import Callable
from typing import Any, TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., Any])

_MARK = "__stub__"


def stub(handler: _Handler) -> _Handler:
    """Declare a handler as still to be written: its operation answers like one that has none."""
    vars(handler)[_MARK] = True
    return handler


def is_stub(handler: Callable[..., Any]) -> bool:
    """Whether a handler is still to be written."""
    return hasattr(handler, _MARK)
