"""Counts Python function calls, a measure of work that does not depend on how busy the machine is."""

import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any


async def count_calls(act: Callable[[], Awaitable[Any]]) -> int:
    """How many Python functions one action enters or resumes, the action itself not counted."""
    calls = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(note)
    try:
        await act()
    finally:
        sys.setprofile(None)
    return calls - 1
