"""Whole commands: generating cases and sending them, with all servers that it takes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from batch_exports.conformance.schemathesis_run import CONFIG
from batch_exports.conformance.target import Target
from batch_exports.contract.spec import find_spec
from benchmarks.contract.meter import Cost, Meter
from tests.contract.gate import DEEP
from tests.contract.worlds import serve_mock, serve_production

SUITE = "tests/contract/test_in_process.py"
WORLDS: tuple[Callable[[Path], AbstractContextManager[Target]], ...] = (serve_mock, serve_production)
# Bytecode is kept as it is for people, who run the same command again.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_PHASES = "examples,fuzzing"
_COUNTED = re.compile(r"Contract in process: (\d+) cases")


def ours(examples: int) -> Cost:
    """Both worlds at once, by the suite itself."""
    command = [sys.executable, "-m", "pytest", SUITE, "-q", "-p", "no:cacheprovider"]
    meter = Meter()
    done = subprocess.run(
        command, env=_ENVIRONMENT | {DEEP: str(examples)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    counted = _COUNTED.search(done.stdout)
    assert counted is not None, done.stdout
    return meter.cost_of(int(counted[1]))


def stock(examples: int, seed: int) -> Cost:
    """One world after the other, by the command of Schemathesis; servers are measured from when they are ready."""
    return sum((_stock(serve, examples, seed) for serve in WORLDS), Cost(0, 0.0, 0.0))


def _stock(serve: Callable[[Path], AbstractContextManager[Target]], examples: int, seed: int) -> Cost:
    with TemporaryDirectory() as name, serve(Path(name, "data")) as world:
        folder = Path(name)
        identity = f"[auth.openapi.bearerAuth]\nbearer = {json.dumps(world.key)}"
        (folder / CONFIG.name).write_text(f"{CONFIG.read_text()}\n{identity}")
        meter = Meter()
        done = subprocess.run(
            [*_command(world.url), "--max-examples", str(examples), "--seed", str(seed)],
            cwd=folder,
            env=_ENVIRONMENT | {"PYTHONPATH": str(Path.cwd()), DEEP: str(examples)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return meter.cost_of(json.loads((folder / "summary.json").read_text())["test_cases"]["generated"])


def _command(url: str) -> list[str]:
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG.name, "--no-color"),
        *("run", str(find_spec().resolve()), "--origin", url, "--checks", "all", "--phases", _PHASES),
        *("--report-json-path", "summary.json"),
    ]
