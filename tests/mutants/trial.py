"""Runs suites over a tree, and says whether they noticed anything."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.mutants.fault import Fault
from tests.mutants.suites import Suite
from tests.mutants.tree import Tree

OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.unshrunk")
"""What pytest is told, so that it ends as soon as it has noticed something."""

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
# What pytest exits with: all passed; some failed; stopped since some could not even be collected.
_PASSED, _NOTICED = 0, (1, 2)
_BASELINE_SECONDS = 1800


class TrialBroken(Exception):
    """A suite could not be run, or fails without any fault."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one suite."""

    suite: str
    caught: bool
    by: str
    """The first test that failed, or what happened instead."""
    seconds: float


def judge(tree: Tree, suite: Suite, paths: Sequence[str], *, seconds: float, hangs: bool = False) -> Verdict:
    """Run tests until one fails or the time is over; raises TrialBroken."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, *suite.options, *paths]
    begun = time.monotonic()
    # A session of its own, so that the servers that tests have started end with them.
    process = subprocess.Popen(
        command,
        cwd=tree.root,
        env=tree.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Verdict(suite.name, hangs, "timeout", seconds)
    finally:
        _end(process)
    took = time.monotonic() - begun
    if process.returncode not in (_PASSED, *_NOTICED):
        raise TrialBroken(f"{suite.name} could not be run:\n{output[-2000:]}")
    failed = _FAILED.search(output)
    return Verdict(suite.name, process.returncode in _NOTICED, failed[1] if failed else "", took)


def try_fault(tree: Tree, fault: Fault, suites: Iterable[Suite], *, all_suites: bool) -> list[Verdict]:
    """What the suites say of a fault, up to the first that catches it unless all are asked."""
    verdicts: list[Verdict] = []
    with tree.faulty(fault):
        for suite in suites:
            paths = suite.paths_for(fault, tree.root)
            if paths:
                verdicts.append(judge(tree, suite, paths, seconds=suite.seconds, hangs=fault.hangs))
            if verdicts and verdicts[-1].caught and not all_suites:
                break
    return verdicts


def require_sound(tree: Tree, suites: Iterable[Suite], faults: Sequence[Fault]) -> Iterable[Verdict]:
    """Run each suite without any fault; raises TrialBroken for one that fails."""
    for suite in suites:
        paths = sorted({path for fault in faults for path in suite.paths_for(fault, tree.root)})
        if not paths:
            continue
        verdict = judge(tree, suite, paths, seconds=_BASELINE_SECONDS, hangs=True)
        if verdict.caught:
            raise TrialBroken(f"{suite.name} fails without any fault: {verdict.by}")
        yield verdict


def _end(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.communicate()
