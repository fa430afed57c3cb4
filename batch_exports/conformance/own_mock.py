"""The product's own mock in a process of its own, for runs that name no deployment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from batch_exports.conformance.target import CannotRunError, Target

_MANY = "1000000"


@contextmanager
def own_mock() -> Iterator[Target]:
    """The mock at a free port, with every key that a run can use."""
    command = [sys.executable, "-m", "batch_exports", "mock", "--port", "0", "--scenario", "empty"]
    process = subprocess.Popen(  # noqa: S603  # our own interpreter
        [*command, "--max-open-backfills", _MANY, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it logs of false requests is no news here
        text=True,
        process_group=0,  # Ctrl-C is for the command, which has yet to say what is left
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise CannotRunError("The mock did not start: try `batch-exports mock`, which says why.")
            facts = json.loads(line)
            keys = facts["keys"]
            yield Target(facts["url"], keys["admin"], keys["other_project"], keys["read"], is_own_mock=True)
        finally:
            process.terminate()
