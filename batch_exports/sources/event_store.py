"""The embedded event store as its users hold it: found if it runs, started if it does not."""

import importlib.util
import subprocess
import sys
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from batch_exports.sources import schema
from batch_exports.sources.connections import connect
from batch_exports.sources.store_files import Address, FileLock, StoreFiles

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_START_PATIENCE = 60.0
_STOP_PATIENCE = 10.0
_PAUSE = 0.02
_PING_TIMEOUT = 5.0
_MODULE = "batch_exports.sources.front"


class EventStore:
    """A use of the event store in one data directory.

    All uses, of whatever process, share one store process: the first starts it, and it ends after the last. A store
    process that died is started anew by the next `address()`.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.files = StoreFiles(data_dir.resolve())
        self._mutex = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._usage = FileLock(self.files.usage).acquire(shared=True)

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Use the store of a data directory, to be closed or left as a context."""
        store = cls(data_dir)
        try:
            store.address()
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Self:
        """Begin nothing new: the store is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def address(self) -> Address:
        """Where the store listens, after having started it if need be."""
        with self._mutex:
            return self._find() or self._start()

    def client(self) -> "Client":
        """Make a ClickHouse client of the store."""
        address = self.address()
        return connect(
            url=f"http://{address.host}:{address.port}",
            user=address.user,
            password=address.password,
            database=schema.DATABASE,
        )

    def close(self) -> None:
        """End this use; the last one to go waits for the store process to end."""
        with self._mutex:
            self._usage.release()
            process, self._process = self._process, None
            if process is None:
                return
            # It ends by itself once nobody uses it; ended by us, it might take a user with it who has just come.
            while process.poll() is None and not self._has_other_users():
                time.sleep(_PAUSE)
            if process.returncode is None:
                # It stays for the others, and is no longer ours to wait for.
                process.returncode = 0

    def _has_other_users(self) -> bool:
        # Who can share the lock but not have it alone is among others; the ending store process has it alone.
        usage = FileLock(self.files.usage)
        try:
            return not usage.try_acquire() and usage.try_acquire(shared=True)
        finally:
            usage.release()

    def _find(self) -> Address | None:
        address = self.files.discover()
        return address if address is not None and _answers(address) else None

    def _start(self) -> Address:
        if importlib.util.find_spec("chdb") is None:
            raise PermanentFailure(
                "The embedded event store is not installed. Install the extra 'embedded', "
                "or set BATCH_EXPORTS_CLICKHOUSE_URL to use a ClickHouse cluster."
            )
        if self._process is not None:
            _await_end(self._process)
            self._process = None
        with self.files.log.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  # our own module, by our own interpreter
                [sys.executable, "-m", _MODULE, "--data-dir", str(self.files.directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # From a checkout that is not installed, the module is found here only.
                cwd=Path(__file__).parents[2],
                # Ctrl-C in a terminal is for the service, which still needs its store while it winds up.
                start_new_session=True,
            )
        try:
            address = self._await_start(process)
        except BaseException:
            _await_end(process)
            raise
        if address.pid == process.pid:
            self._process = process
        else:
            _await_end(process)
        return address

    def _await_start(self, process: "subprocess.Popen[bytes]") -> Address:
        # Another user may have started a process at the same time; the one that owns the store answers for both.
        deadline = time.monotonic() + _START_PATIENCE
        while time.monotonic() < deadline:
            address = self._find()
            if address is not None:
                return address
            if process.poll() is not None:
                break
            time.sleep(_PAUSE)
        lines = self.files.log.read_text(errors="replace").strip().splitlines()
        cause = lines[-1] if lines else "it says nothing"
        raise RetryableFailure(f"The event store in {self.files.directory} does not start: {cause}")


def _answers(address: Address) -> bool:
    connection = HTTPConnection(address.host, address.port, timeout=_PING_TIMEOUT)
    try:
        connection.request(
            "GET", "/ping", headers={"X-ClickHouse-User": address.user, "X-ClickHouse-Key": address.password}
        )
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _await_end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
