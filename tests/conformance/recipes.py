"""The CI recipes of the documentation, and a shell to run them in."""

import os
import subprocess
import sysconfig
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
ELSEWHERE = ("pip install", "npm ")
"""What begins so needs a package registry, or a front-end's own tests."""


def lines(job):
    """The shell lines of a job, of either kind of CI."""
    scripts = job["script"] if "script" in job else [step["run"] for step in job["steps"] if "run" in step]
    return [line for script in scripts for line in script.splitlines() if not line.startswith(ELSEWHERE)]


def recipes():
    """The lines of each job, by kind of CI."""
    github = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"]
    gitlab = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())
    names = ("front-end", "contract", "after-deploy")
    return {
        kind: {name: lines(jobs[name]) for name in names} for kind, jobs in (("github", github), ("gitlab", gitlab))
    }


def shell(script, folder, **environment):
    """What a script prints that ends well."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-ec", script]
    done = subprocess.run(
        command, cwd=folder, env={"PATH": path, **environment}, capture_output=True, check=False, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
