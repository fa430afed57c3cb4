"""Git repositories with a contract in them, as a CI has them."""

import os
import subprocess

CONTRACT = "openapi/batch_exports.yaml"

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
}


def git(folder, *arguments):
    """What git says in a folder, whatever the settings of the machine are."""
    environment = {**os.environ, **_IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def commit(folder, source, message="A version of the contract"):
    """Write the contract, and commit it."""
    path = folder / CONTRACT
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(source)
    git(folder, "add", CONTRACT)
    git(folder, "commit", "--quiet", "--message", message)


def repository(folder, *versions):
    """A repository on the branch `main`, with a commit of each version of the contract."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for source in versions:
        commit(folder, source)
    return folder
