import asyncio
import threading
from dataclasses import replace

from batch_exports.domain.destinations import CheckStatus, connection_checks
from batch_exports.observability.subject import about, current
from batch_exports.services.destinations import AT_ONCE
from tests.services.worlds import ServiceWorld


class SilentServers:
    """Checks of servers that do not answer until they are let go."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.released = threading.Event()

    def run_step(self, kind, config, step):
        self.begun.release()
        assert self.released.wait(30)
        return replace(connection_checks(kind)[step], status=CheckStatus.PASSED)


class WatchedChecks:
    """Checks that look what they are about."""

    def run_step(self, kind, config, step):
        self.subject = current()
        return connection_checks(kind)[step]


async def test_a_check_is_about_the_request_that_asks_for_it():
    checks = WatchedChecks()
    service = replace(ServiceWorld().services.destinations, checks=checks)
    with about(request_id="r-1"):
        await service.run_new_step({"destination": {"type": "NoOp", "config": {}}})
        assert checks.subject is current()
    assert checks.subject.fields == {"request_id": "r-1"}


async def test_checks_of_servers_that_keep_silent_hold_up_nothing_else():
    checks = SilentServers()
    service = replace(ServiceWorld().services.destinations, checks=checks)
    body = {"destination": {"type": "NoOp", "config": {}}}
    waiting = [asyncio.create_task(service.run_new_step(body)) for _ in range(AT_ONCE)]
    try:
        for _ in waiting:
            # In the pool that everything else uses: it has room.
            assert await asyncio.to_thread(checks.begun.acquire, timeout=10)
    finally:
        checks.released.set()
        done = await asyncio.gather(*waiting)
    assert {check.status for check in done} == {CheckStatus.PASSED}
