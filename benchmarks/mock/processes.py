"""Servers in processes of their own: started, asked until they answer, measured with all their children, and ended."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 60.0
_PARENT, _USER, _WAITED_SYSTEM = 1, 11, 14


class ServerTree:
    """A server that has been started, and the processes that it started in turn."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self._process = process

    def cpu_seconds(self) -> float:
        """User and system time so far of all its processes, ended ones included."""
        fields = _all_fields()
        return sum(sum(map(int, fields[pid][_USER : _WAITED_SYSTEM + 1])) for pid in self._tree(fields)) / TICKS

    def megabytes(self) -> float:
        """The memory of all its processes, what is shared counted in shares (PSS)."""
        return sum(_kilobytes(pid) for pid in self._tree(_all_fields())) / 1024

    def wait_until_ready(self, path: str, headers: dict[str, str]) -> None:
        """Wait until it answers a request with 200."""
        deadline = time.monotonic() + READY_SECONDS
        while (status := self._status(path, headers)) != 200:
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, f"the server is not ready after {READY_SECONDS:g} s: {status}"
            time.sleep(0.1)

    def _status(self, path: str, headers: dict[str, str]) -> int | None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=READY_SECONDS)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def _tree(self, fields: dict[int, list[str]]) -> Iterator[int]:
        waiting = [self._process.pid]
        while waiting:
            parent = waiting.pop()
            yield parent
            waiting += [pid for pid, each in fields.items() if int(each[_PARENT]) == parent]


@contextmanager
def started(command: Sequence[str | Path], cwd: Path | None = None) -> Iterator[ServerTree]:
    """A server for the time of a block, which is told its port as its last argument."""
    port = _free_port()
    process = subprocess.Popen([*command, str(port)], cwd=cwd, stdout=subprocess.DEVNULL)
    try:
        yield ServerTree(process, port)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _all_fields() -> dict[int, list[str]]:
    """What the kernel tells of every process, by id, from its state on."""
    fields = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields[int(each.parent.name)] = each.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return fields


def _kilobytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().partition("\nPss:")[2].split()[0])
