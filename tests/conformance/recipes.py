"""The CI recipes of the documentation, and a shell to run them in."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
GITHUB, GITLAB = FOLDER / "github-actions.yml", FOLDER / "gitlab-ci.yml"
JOBS = ("front-end", "contract", "after-deploy")
ELSEWHERE = ("pip install", "npm ")
"""What begins so needs a package registry, or a front-end's own tests."""

# No engine is needed to run what an image would: its entrypoint gets the arguments, and the variables that are named.
_DOCKER = """#!{python}
import os, sys
before, after = (lambda words, at: (words[:at], words[at + 1:]))(sys.argv, sys.argv.index(os.environ["IMAGE"]))
named = [name for option, name in zip(before, before[1:]) if option == "--env" and name in os.environ]
if "--detach" in before and (child := os.fork()):
    print(child)
    sys.exit()
if "--detach" in before:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
os.execvpe("batch-exports", ["batch-exports", *after], {{name: os.environ[name] for name in ["PATH", *named]}})
"""


def lines(job):
    """The shell lines of a job, of either kind of CI."""
    scripts = job["script"] if "script" in job else [step["run"] for step in job["steps"] if "run" in step]
    whole = (line for script in scripts for line in script.replace("\\\n", "").splitlines())
    return [line for line in whole if not line.startswith(ELSEWHERE)]


def recipes():
    """The lines of each job, by kind of CI."""
    jobs = {"github": yaml.safe_load(GITHUB.read_text())["jobs"], "gitlab": yaml.safe_load(GITLAB.read_text())}
    names = (*JOBS, *(f"{name}-container" for name in JOBS))
    return {kind: {name: lines(of[name]) for name in names} for kind, of in jobs.items()}


def shell(script, folder, **environment):
    """What a script prints that ends well."""
    docker = folder / "docker"
    docker.write_text(_DOCKER.format(python=sys.executable))
    docker.chmod(0o700)
    path = os.pathsep.join([str(folder), sysconfig.get_path("scripts"), os.environ["PATH"]])
    variables = {"PATH": path, "IMAGE": "batch-exports", **environment}
    command = ["bash", "-ec", script]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
