"""A copy of the project in which faults are seeded, so that nobody's working tree is touched."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.fault import Fault

PROJECT = Path(__file__).parents[2]
_PACKAGES = ("batch_exports", "handlers", "mock_server")


@dataclass(frozen=True, slots=True)
class Tree:
    """One copy."""

    root: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What processes need so that they, and those that they start, import the copy's packages."""
        return {**os.environ, "PYTHONPATH": str(self.root), "COLUMNS": "200"}

    @contextmanager
    def faulty(self, fault: Fault) -> Iterator[None]:
        """Hold a fault for the time of a block."""
        original = fault.seed(self.root)
        try:
            yield
        finally:
            (self.root / fault.file).write_text(original)


def plant(at: Path) -> Tree:
    """Copy the working tree, with what is not committed yet and without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        # What is deleted and not committed is listed, too.
        if (PROJECT / name).is_file():
            (at / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, at / name)
    (at / "node_modules").symlink_to(PROJECT / "node_modules")
    tree = Tree(at)
    _compile(tree)
    _require_own_packages(tree)
    return tree


def _compile(tree: Tree) -> None:
    # By the source's hash: an edit within the tick of a file's date, and of its length, must not go unnoticed.
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *_PACKAGES]
    subprocess.run(command, cwd=tree.root, env=tree.environment, check=True)


def _require_own_packages(tree: Tree) -> None:
    """Make sure that it is not the installed packages that are tested."""
    program = (
        f"import {', '.join(_PACKAGES)}; print(*({', '.join(f'{name}.__file__' for name in _PACKAGES)}), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd="/", env=tree.environment, capture_output=True, text=True, check=True
    )
    strangers = [line for line in done.stdout.splitlines() if not Path(line).is_relative_to(tree.root)]
    if strangers:
        raise RuntimeError(f"The copy imports packages from elsewhere: {', '.join(strangers)}")
