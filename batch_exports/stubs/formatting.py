"""Code in the project's style, as ruff has it."""

from pathlib import Path

from batch_exports.stubs.tools import ask

_RUFF = "ruff"


def formatted(text: str, path: Path) -> str:
    """A text as it would be formatted in a file."""
    return ask(_RUFF, ["format", "--quiet", "--stdin-filename", str(path), "-"], text, path.parent)


def with_sorted_imports(text: str, path: Path) -> str:
    """A module with its imports in order, and those from one module joined."""
    options = ["--select", "I", "--fix", "--exit-zero", "--quiet", "--stdin-filename", str(path)]
    return ask(_RUFF, ["check", *options, "-"], text, path.parent)
