"""One run of the suite against a deployment, part by part; what it made is deleted whichever way it ends."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from batch_exports.conformance import authorization
from batch_exports.conformance.caller_rows import caller_rows, unproven
from batch_exports.conformance.exchanges import Exchange, Failure
from batch_exports.conformance.lasting_runs import make_lasting_runs
from batch_exports.conformance.made_exports import delete_made
from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.progress import Progress, Tell, untold
from batch_exports.conformance.result import Result
from batch_exports.conformance.right_requests import NOBODY, Objects, find_objects, make_objects
from batch_exports.conformance.schemathesis_run import Outcome, SchemathesisRun
from batch_exports.conformance.target import CannotRunError, Clients, Target, find_out

_MOST_DETAIL = 2000


class BrokenOffError(KeyboardInterrupt):
    """A run was ended by Ctrl-C; the text says what is left of it."""


@dataclass
class _Run:
    target: Target
    profile: Profile
    result: Result
    folder: Path
    clients: Clients
    tell: Tell
    keep: bool
    part: str = authorization.PART

    def told(self, part: str, waiting: float = 0.0) -> None:
        """Tell where the run is."""
        self.part = part
        self.tell(Progress(part, self.result.coverage.requests, waiting))

    def to_the_end(self) -> None:
        """Every part of the profile; what was made is deleted, whichever way it ends."""
        try:
            self._parts()
        finally:
            self._clear()

    def _parts(self) -> None:
        self.target = find_out(self.target, self.clients)
        changes = self.profile.changes
        self.result.unproven += unproven(self.target, changes=changes)
        with self.clients.of(self.target.key) as client:
            objects = make_objects(client) if changes else find_objects(client)
            if objects == NOBODY:
                self.result.unproven.append("anything about objects: the project has no export to look at")
            self._check(authorization.check_refusals(client, changes=changes))
            if changes:
                self._check(authorization.check_tags(client, objects))
                make_lasting_runs(client, self.target.silent_endpoint)
        self._check(self._callers(objects))
        self._walk()
        if changes:
            self._model()
        if any("cursor" in row["parameters"]["gaps"] for row in self.result.coverage.rows()):
            self.result.unproven.append("cursor: some list was never longer than a page")

    def _check(self, failures: Iterator[Failure | None]) -> None:
        for failure in failures:
            self.result.note(authorization.PART, failure)
            self.told(authorization.PART)

    def _callers(self, objects: Objects) -> Iterator[Failure | None]:
        rows = list(caller_rows(self.target, changes=self.profile.changes))
        with ExitStack() as stack:
            client = stack.enter_context(self.clients.of(None))
            for row in rows:
                yield authorization.check_caller(client, row, objects)

    def _walk(self) -> None:
        """The property tests of Schemathesis."""
        run = SchemathesisRun(self.target, self.profile, self.result.seed, self.folder, self.clients.made)
        before = self.result.coverage.requests
        with closing(run.steps()) as steps:
            for step in steps:
                for exchange in step.exchanges:
                    self.clients.note(exchange)
                self.result.checked[step.phase] += len(step.exchanges)
                for failure in step.failures:
                    self.result.keep(failure)
                self.tell(Progress(step.phase, before + run.sent, step.waiting))
        self._conclude(run.outcome)

    def _conclude(self, outcome: Outcome | None) -> None:
        """Keep what broke off requests: no answer, or none in time."""
        output = outcome.output if outcome else ""
        if outcome is None or not outcome.summary:
            raise CannotRunError(f"The property tests ended early: {self.target.hide_keys(output[-500:])}")
        for error in outcome.summary["errors"]:
            detail = output.partition(" ERRORS ")[2][:_MOST_DETAIL]
            self.result.note("requests", Failure("requests", "", error["title"], detail))

    def _model(self) -> None:
        from batch_exports.conformance.model import ModelKeys, check_model  # noqa: PLC0415  # it loads Hypothesis

        target, profile = self.target, self.profile
        keys = ModelKeys(target.key, target.other_key, target.read_key)
        self.told("model")
        failure = None
        try:
            check_model(self.clients.of, keys, profile.programs, profile.steps, self.result.seed)
        except AssertionError as error:
            failure = Failure("model", "", "the service is not what the reference model says", str(error))
        self.result.note("model", failure)

    def _clear(self) -> None:
        if self.keep or not self.clients.made.exists():
            return
        keys = [key for key in (self.target.key, self.target.other_key) if key]
        with ExitStack() as stack:
            clients = [stack.enter_context(self.clients.of(key)) for key in keys]
            self.result.left = delete_made(self.clients.made, clients, lambda: self.told("clearing"))


def run_contract(
    target: Target,
    profile: Profile,
    seed: int,
    *,
    note: Callable[[Exchange], None] = lambda _: None,
    tell: Tell = untold,
    keep: bool = False,
) -> Result:
    """Ask a deployment everything that a profile has; CannotRunError or BrokenOffError if it had to end early.

    To `keep` what it made lets the requests of failures be sent again.
    """
    result, started = Result(target, profile.name, seed), time.monotonic()

    def noted(exchange: Exchange) -> None:
        result.coverage.note(exchange)
        note(exchange)

    def waiting(seconds: float) -> None:
        run.told(run.part, seconds)

    with tempfile.TemporaryDirectory(prefix="batch-exports-contract-") as folder:
        made = Path(folder) / "made"
        clients = Clients(target.url, noted, made, profile.changes, waiting)
        run = _Run(target, profile, result, Path(folder), clients, tell, keep)
        try:
            run.to_the_end()
        except httpx.HTTPError as error:
            reason = f"{target.url} stopped answering: {type(error).__name__}. Look at its log."
            raise CannotRunError(f"{reason} {_left(result)}") from error
        except KeyboardInterrupt:
            raise BrokenOffError(f"The run was broken off. {_left(result)}") from None
    result.seconds = time.monotonic() - started
    return result


def _left(result: Result) -> str:
    return f"Not deleted: {' '.join(result.left)}" if result.left else "What it made is deleted."
