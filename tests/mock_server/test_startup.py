"""What lies between a front-end developer and the mock: held as work, which is the same on every machine.

A second on one machine is half a second on another, and three while the neighbours compile; how many modules are
loaded and how many functions are called until the ready line is decided by the code and its locked dependencies alone.
What that comes to in time is measured by `python -m benchmarks.startup`.
"""

import json
import os
import re
import subprocess
import sys

from tests.service import COMMAND

ARGUMENTS = ("mock", "--port", "0", "--json")
MOST_MODULES = 920
MOST_CALLS = 620_000
HEAVY = (
    "aiosqlite", "alembic", "batch_exports.bootstrap", "batch_exports.destinations", "batch_exports.doctor",
    "batch_exports.engine", "batch_exports.formats", "batch_exports.sources", "batch_exports.store", "chdb",
    "clickhouse_connect", "cryptography", "dbos", "duckdb", "fastapi", "hypothesis", "numpy", "obstore", "pandas",
    "pyarrow", "pydantic", "pytest", "schemathesis", "sqlalchemy",
)  # fmt: skip

# Counts from the first line of the command to the one that says it is ready, and says the count in its place.
COUNTING = """
import sys

calls = 0

def note(_frame, event, _argument):
    global calls
    calls += event == "call"

class Ready:
    def __getattr__(self, name):
        return getattr(sys.__stdout__, name)

    def write(self, _text):
        sys.setprofile(None)
        sys.__stdout__.write(f"{calls}\\n")

sys.stdout = Ready()
sys.argv[:] = ["batch-exports", *sys.argv[1:]]
sys.setprofile(note)
from batch_exports.__main__ import main
main()
"""


def until_ready(command, log, **environment):
    """The line by which a mock says that it is ready; what it says on standard error goes to a file."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, *ARGUMENTS], stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **environment}
        )
        try:
            return process.stdout.readline()
        finally:
            process.kill()
            process.communicate()


def test_the_installed_mock_loads_few_modules_until_it_is_ready_and_none_that_are_heavy(tmp_path):
    log = tmp_path / "imports"
    assert "url" in json.loads(until_ready([COMMAND], log, PYTHONPROFILEIMPORTTIME="1"))
    loaded = re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", log.read_text(), re.MULTILINE)
    assert "mock_server.app" in loaded
    assert [name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in HEAVY)] == []
    assert len(loaded) <= MOST_MODULES


def test_the_mock_calls_few_functions_until_it_is_ready(tmp_path):
    calls = int(until_ready([sys.executable, "-c", COUNTING], tmp_path / "log"))
    assert 100_000 < calls <= MOST_CALLS
