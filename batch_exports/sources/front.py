"""The store process: owns the embedded engine of one data directory and serves it until nobody uses it any more.

`EventStore` runs it as `python -m batch_exports.sources.front --data-dir D`. It ends on SIGTERM, and when the last
process that holds the store's usage lock is gone, however that one died.
"""

import argparse
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread

from batch_exports.sources import schema
from batch_exports.sources.embedded_engine import EmbeddedEngine, EngineError, Statement
from batch_exports.sources.http_front import LOOPBACK, USER, FrontServer
from batch_exports.sources.store_files import Address, FileLock, StoreFiles

EXIT_FAILED = 1
EXIT_OWNED = 75
_OWNERSHIP_PATIENCE = 30.0
_OWNERSHIP_PAUSE = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a data directory; the exit status tells why it could not."""
    parser = argparse.ArgumentParser(prog="python -m batch_exports.sources.front", description="Serve an event store.")
    parser.add_argument("--data-dir", type=Path, required=True, help="the directory of the event store")
    directory = parser.parse_args(arguments).data_dir.resolve()
    os.environ["TZ"] = "UTC"
    time.tzset()
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(directory)
    files = StoreFiles(directory)
    if not _take_ownership(files):
        sys.stderr.write("Another process owns this event store.\n")
        return EXIT_OWNED
    try:
        _serve(files)
    except (OSError, RuntimeError, EngineError, schema.NewerStore) as error:
        # In one line: the process that waits for this one shows the last line to its user.
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return EXIT_FAILED
    return 0


def _take_ownership(files: StoreFiles) -> bool:
    # The former owner may be on its way out; a lock that stays belongs to a process that is well and alive.
    lock = FileLock(files.ownership)
    deadline = time.monotonic() + _OWNERSHIP_PATIENCE
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            lock.release()
            return False
        time.sleep(_OWNERSHIP_PAUSE)
    return True


def _serve(files: StoreFiles) -> None:
    def stop() -> None:
        files.discovery.unlink(missing_ok=True)
        # Threads may still be inside the engine, which would not survive the interpreter's own way of ending.
        os._exit(0)

    _stop_on_sigterm(stop)
    _empty(files.spool)
    engine = EmbeddedEngine()
    schema.prepare(_plainly(engine))
    password = secrets.token_urlsafe(32)
    server = FrontServer(engine, password, files.spool, stop)
    port = server.server_address[1]
    files.publish(Address(host=LOOPBACK, port=port, user=USER, password=password, pid=os.getpid()))
    Thread(target=_wait_for_last_user, args=(files, stop), daemon=True).start()
    server.serve_forever(poll_interval=3600)


def _stop_on_sigterm(stop: Callable[[], None]) -> None:
    # A handler would run in the main thread once that wakes up: if the signal comes just before it falls asleep in its
    # select, never. Blocked in all threads (the engine's are still to come), the signal is for the one that waits.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    Thread(target=_wait_for_sigterm, args=(stop,), daemon=True).start()


def _wait_for_sigterm(stop: Callable[[], None]) -> None:
    signal.sigwait({signal.SIGTERM})
    stop()


def _wait_for_last_user(files: StoreFiles, stop: Callable[[], None]) -> None:
    FileLock(files.usage).acquire()
    stop()


def _plainly(engine: EmbeddedEngine) -> Callable[[str], bytes]:
    return lambda text: engine.run(Statement(text=text, format="TabSeparated", query_id="schema"))


def _empty(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    for path in directory.iterdir():
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
