"""Reads the contract as it is in a file, or was in a revision of the git repository around it."""

import os
import shutil
import subprocess
from pathlib import Path

from batch_exports.contract.document import read_document
from batch_exports.contract.spec import Spec, SpecError, find_spec, parse_spec

_PATIENCE = 30
_MISSING_OBJECT = ("unknown revision", "invalid object name", "bad revision", "bad object", "ambiguous argument")


class RevisionError(Exception):
    """A contract to compare cannot be had; the text says why, and what helps."""


def read_revision(name: str, beside: str | None = None) -> Spec:
    """The contract in a file, in `REV:PATH`, or in `REV` under the path of what it is compared with.

    Raises RevisionError or SpecError.
    """
    path = Path(name)
    spec = parse_spec(path.read_bytes() if path.is_file() else _show(name, beside), name)
    try:
        read_document(spec)
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None
    return spec


def _show(name: str, beside: str | None) -> bytes:
    """What git has under a name."""
    revision, colon, path = name.partition(":")
    if not revision or revision.startswith("-"):
        raise RevisionError(f"{name!r} names neither a file nor a git revision")
    if colon:
        return _git(f"{revision}:{path}", name, Path.cwd())
    if beside is not None and not Path(beside).is_file() and ":" in beside:
        return _git(f"{revision}:{beside.partition(':')[2]}", name, Path.cwd())
    contract = Path(beside) if beside is not None and Path(beside).is_file() else find_spec()
    # Git reads `./` from where it runs, so that the root of the repository need not be known.
    return _git(f"{revision}:./{contract.name}", name, contract.parent)


def _git(blob: str, about: str, where: Path) -> bytes:
    program = shutil.which("git")
    if program is None:
        raise RevisionError(f"{about!r} is no file, and git is not installed to look for such a revision: name a file")
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603  # the program is git, and a revision that looks like an option is refused
            [program, "show", "--end-of-options", blob],
            capture_output=True,
            cwd=where,
            env=environment,
            timeout=_PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise RevisionError(_reason(about, error.stderr.decode(errors="replace"))) from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git did not come to an end within {_PATIENCE} seconds over {about!r}") from None
    return done.stdout


def _reason(about: str, said: str) -> str:
    if "not a git repository" in said:
        return f"{about!r} is no file, and there is no git repository here to look for such a revision: name a file"
    if any(words in said for words in _MISSING_OBJECT):
        return (
            f"{about!r} is no file, and git knows no such revision here. In a shallow clone, fetch it first, such as by"
            " `git fetch --depth=1 origin main:refs/remotes/origin/main`"
        )
    return f"git cannot show {about!r}: {said.strip().removeprefix('fatal: ')}"
