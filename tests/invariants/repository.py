"""The files of the repository, as git tracks them or would, and the Python among them as trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("batch_exports", "handlers", "mock_server")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def modules() -> dict[Path, ast.Module]:
    """Every Python file, parsed."""
    return {path: ast.parse(path.read_text()) for path in files() if path.suffix == ".py"}


def source_modules() -> dict[Path, ast.Module]:
    """Those of them that are shipped."""
    return {path: tree for path, tree in modules().items() if path.relative_to(ROOT).parts[0] in PACKAGES}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a module, nested ones among them."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, from its name to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def shown(path: Path, line: int | None = None) -> str:
    """A place in the repository."""
    return f"{path.relative_to(ROOT)}{'' if line is None else f':{line}'}"
