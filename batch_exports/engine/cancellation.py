"""Telling a task that somebody cancels from one whose own work was broken off: both see the same exception."""

import asyncio


def is_cancelled() -> bool:
    """Whether somebody wants the present task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
