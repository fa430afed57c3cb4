"""One run of the Schemathesis command line against a deployment, and what it tells of."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from batch_exports.conformance import hooks_settings
from batch_exports.conformance.hooks_settings import HooksSettings
from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.schemathesis_events import PHASES, EventReader, Step
from batch_exports.conformance.target import Target
from batch_exports.contract.spec import find_spec

CONFIG = Path(__file__).with_name("schemathesis.toml")
IDENTITIES = "identities.json"

Json = dict[str, Any]

_LOOK_SECONDS = 0.2
_STOP_SECONDS = 5.0
_KEPT = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ended, once all its steps were told of."""

    exit_code: int
    output: str
    summary: Json


class SchemathesisRun:
    """One run; iterating over its steps carries it out."""

    def __init__(self, target: Target, profile: Profile, seed: int, folder: Path, made: Path | None = None) -> None:
        self._target, self._profile, self._seed = target, profile, seed
        self._folder, self._made = folder, made
        self.outcome: Outcome | None = None
        """How it ended; None before."""

    @property
    def sent(self) -> int:
        """How many requests it has sent so far."""
        path = self._folder / "sent"
        return path.stat().st_size if path.exists() else 0

    def steps(self) -> Generator[Step, None, None]:
        """Run all phases and all checks; each scenario as soon as it is over."""
        self._write_identities()
        (self._folder / CONFIG.name).write_text("\n".join([CONFIG.read_text(), *self._settings()]))
        events, log = self._folder / "events.ndjson", self._folder / "output.txt"
        with log.open("w") as output:
            process = subprocess.Popen(  # noqa: S603  # our own interpreter
                self._command(events),
                cwd=self._folder,
                env=self._environment(),
                stdout=output,
                stderr=output,
                process_group=0,  # Ctrl-C is for the command, which passes it on once
            )
            try:
                with _opened(process, events) as lines:
                    reader, ended = EventReader(lines), False
                    while not ended:
                        ended = _has_ended(process)
                        yield from reader.steps()
            finally:
                _stop(process)
        self.outcome = self._ended(process.returncode, log.read_text())

    def _ended(self, code: int, output: str) -> Outcome:
        summary = self._folder / "summary.json"
        text = summary.read_text() if summary.exists() else ""
        return Outcome(code, output, json.loads(text) if text else {})

    def _command(self, events: Path) -> list[str]:
        filters = [] if self._profile.changes else ["--include-method", "GET"]
        filters += [word for each in self._profile.only for word in ("--include-operation-id", each)]
        return [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG.name, "--no-color"),
            *("run", str(find_spec()), "--origin", self._target.url, *filters),
            *("--checks", "all", "--phases", ",".join(PHASES), "--max-examples", str(self._profile.examples)),
            *("--seed", str(self._seed), "--rate-limit", "auto"),
            *("--report-json-path", "summary.json", "--report-ndjson-path", str(events)),
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT + _PROXIES if name in os.environ}
        settings = HooksSettings(
            all_time_zones=self._profile.all_time_zones,
            safe_methods_only=not self._profile.changes,
            silent_endpoint=self._target.silent_endpoint,
            made=self._made,
            sent=self._folder / "sent",
            sampled=self._profile.sampled,
            seed=self._seed,
        )
        return kept | hooks_settings.write(settings)

    def _settings(self) -> Iterator[str]:
        """What this run adds to the configuration, in TOML; JSON's texts and lists are TOML's too."""
        yield f"[phases.stateful.generation]\nmax-examples = {self._profile.scenarios}"
        if not self._profile.changes:
            yield "[phases.coverage]\nunexpected-methods = []"
        if self._profile.unswept:
            ids = json.dumps(self._profile.unswept)
            yield f"[[operations]]\ninclude-operation-id = {ids}\nphases.coverage.enabled = false"
        names = ["first", "other"] if self._target.other_key else ["first"]
        yield f"[auth.wfc]\npath = {json.dumps(IDENTITIES)}\nuser = 'first'"
        if len(names) > 1:
            yield f"peers = {json.dumps(names)}"

    def _write_identities(self) -> None:
        keys = {"first": self._target.key, "other": self._target.other_key}
        entries = [
            {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {key}"}]}
            for name, key in keys.items()
            if key
        ]
        path = self._folder / IDENTITIES
        path.touch(0o600)
        path.write_text(json.dumps({"auth": entries}))


def _opened(process: "subprocess.Popen[bytes]", events: Path) -> IO[str]:
    while not events.exists() and not _has_ended(process):
        pass
    events.touch()
    return events.open()


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End it as Ctrl-C does, so that it still writes down what its last request has made."""
    process.send_signal(signal.SIGINT)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:
        process.kill()
        process.wait()
