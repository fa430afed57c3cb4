"""What the processes of `serve --workers` count, they count together."""

import os
import re
import signal
from pathlib import Path

import httpx

from tests.cli.test_fleet import members
from tests.service import Service, wait_until

REQUESTS = 24


def text_of(fleet, path):
    """The answer of whichever process takes a new connection."""
    return httpx.get(f"{fleet.facts['url']}{path}", trust_env=False).text


def count(text):
    """How many requests all processes have answered 404."""
    found = re.search(
        r'^batch_exports_requests_total\{method="GET",operation="",status="404"\} (\S+)$', text, re.MULTILINE
    )
    return 0 if found is None else int(float(found[1]))


def test_each_process_tells_the_sum_also_when_one_died_and_nothing_is_left_behind(tmp_path):
    environment = {"TMPDIR": str(tmp_path)}
    arguments = ("serve", "--workers", "2", "--port", "0", "--data-dir", str(tmp_path / "data"))
    with Service(*arguments, environment=environment) as fleet:
        (folder,) = tmp_path.glob("batch-exports-metrics-*")
        wait_until(lambda: text_of(fleet, "/nowhere") and len(counting(folder)) == 2, seconds=30)
        before = count(text_of(fleet, "/metrics"))
        for _ in range(REQUESTS):
            text_of(fleet, "/nowhere")
        assert [count(text_of(fleet, "/metrics")) for _ in range(8)] == [before + REQUESTS] * 8
        victim = min(members(fleet))
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(members(fleet) - {victim}) == 2, seconds=30)
        assert count(text_of(fleet, "/metrics")) == before + REQUESTS
        assert not list(folder.glob(f"gauge_live*_{victim}.db"))
        assert fleet.stop() == 0
    assert not list(tmp_path.glob("batch-exports-metrics-*"))


def counting(folder: Path):
    """The processes that have counted requests."""
    return {path for path in folder.glob("counter_*.db") if b"requests_total" in path.read_bytes()}
