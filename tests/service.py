"""The product as its users start it: the installed command, in a process of its own, reached over HTTP."""

import json
import os
import select
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

COMMAND = str(Path(sysconfig.get_path("scripts")) / "batch-exports")
START_SECONDS = 90
STOP_SECONDS = 30


class Service:
    """One `batch-exports` process that prints a line of JSON when it is ready."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.arguments = arguments
        self.environment = environment or {}
        self.process: subprocess.Popen[str] | None = None
        self.facts: dict[str, Any] = {}

    def start(self) -> Self:
        """Start it, and return when it is ready."""
        self.process = subprocess.Popen(
            [COMMAND, *self.arguments, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=_environment() | self.environment,
        )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        assert line, f"not ready: exit code {self.process.poll()}"
        self.facts = json.loads(line)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it in an orderly way; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self._reap()

    def _reap(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(timeout=STOP_SECONDS)
        self.process.stdout.close()
        self.process = None
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()

    def client(self, key: str | None = None) -> httpx.Client:
        """A client of project 1's exports with this key, or with the one that the process told of."""
        token = key or self.facts.get("api_key") or self.facts["keys"]["admin"]
        return httpx.Client(
            base_url=f"{self.facts['url']}/api/projects/1/batch_exports",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=_environment() | environment,
        check=False,
    )


def wait_until(happened: Callable[[], Any], seconds: float = 120, pause: float = 0.1) -> Any:
    """What `happened` returns as soon as it is true; fails when the time is over."""
    deadline = time.monotonic() + seconds
    while not (result := happened()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(pause)
    return result


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATCH_EXPORTS_")}
    # Tests ask more often than a client should.
    return kept | {"BATCH_EXPORTS_THROTTLE_PER_MINUTE": "0", "BATCH_EXPORTS_THROTTLE_PER_HOUR": "0"}
