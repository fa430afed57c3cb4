"""The tools for developers that write and format code: they are asked, never imported."""

import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path


class ToolError(Exception):
    """A tool is missing, or refuses what it was given."""


def ask(tool: str, arguments: Sequence[str], text: str, folder: Path) -> str:
    """What a tool makes of a text, run in a folder; raises ToolError."""
    command = shutil.which(tool, path=sysconfig.get_path("scripts"))
    if command is None:
        raise ToolError(f"{tool} is needed to write code, and is not installed: `make install` brings it.")
    done = subprocess.run(  # noqa: S603  # a tool of the project, with arguments of the project's
        [command, *arguments], input=text.encode(), capture_output=True, cwd=folder, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ToolError(f"{tool} failed: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout.decode()
