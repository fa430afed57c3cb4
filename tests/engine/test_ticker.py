"""Duties that are done again and again, on their own."""

import asyncio
import logging

import pytest

from batch_exports.engine.ticker import repeat


async def test_a_duty_goes_on_after_errors_and_tells_of_them_once(caplog: pytest.LogCaptureFixture) -> None:
    stopping = asyncio.Event()
    done = 0

    async def duty() -> None:
        nonlocal done
        done += 1
        if done <= 3:
            raise OSError("The database is away.")
        stopping.set()

    with caplog.at_level(logging.WARNING):
        await repeat(duty, 0.001, stopping, name="The duty")

    assert done == 4
    told = [record.getMessage() for record in caplog.records]
    assert told == ["The duty failed and will be tried again every 0.001 s.", "The duty works again."]


async def test_the_wait_for_the_next_time_ends_at_once_when_the_worker_stops() -> None:
    stopping = asyncio.Event()
    done = asyncio.Event()

    async def duty() -> None:
        done.set()

    task = asyncio.create_task(repeat(duty, 3600, stopping, name="The duty"))
    await done.wait()
    stopping.set()
    await asyncio.wait_for(task, timeout=1)


async def test_a_duty_whose_own_work_is_cancelled_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    stopping = asyncio.Event()
    done = 0

    async def duty() -> None:
        nonlocal done
        done += 1
        if done > 1:
            stopping.set()
            return
        broken_off = asyncio.get_running_loop().create_future()
        broken_off.cancel()
        await broken_off

    with caplog.at_level(logging.WARNING):
        await repeat(duty, 0.001, stopping, name="The duty")

    assert done == 2
    assert "The duty failed" in caplog.text


async def test_whoever_cancels_a_repetition_ends_it() -> None:
    begun = asyncio.Event()

    async def duty() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(repeat(duty, 0.001, asyncio.Event(), name="The duty"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, timeout=1)
