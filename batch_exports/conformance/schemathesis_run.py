"""One run of the Schemathesis command line against a deployment, and what it tells of."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from batch_exports.conformance import hooks_settings
from batch_exports.conformance.exchanges import Exchange, Failure, joined
from batch_exports.conformance.operations import operation_of
from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.target import Target
from batch_exports.contract.spec import find_spec

CONFIG = Path(__file__).with_name("schemathesis.toml")
IDENTITIES = "identities.json"
PHASES = "examples,coverage,fuzzing,stateful"

Json = dict[str, Any]

_LOOK_SECONDS = 0.2
_SCENARIO = '{"ScenarioFinished"'
_KEPT = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Step:
    """What one scenario did: a place to report progress from, its exchanges and failures."""

    phase: str
    exchanges: tuple[Exchange, ...]
    failures: tuple[Failure, ...]


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

    def steps(self) -> Iterator[Step]:
        """Run all phases and all checks; each scenario as soon as it is over."""
        self._write_identities()
        (self._folder / CONFIG.name).write_text("\n".join([CONFIG.read_text(), *self._settings()]))
        events, log = self._folder / "events.ndjson", self._folder / "output.txt"
        with log.open("w") as output:
            process = subprocess.Popen(  # noqa: S603  # our own interpreter
                self._command(events), cwd=self._folder, env=self._environment(), stdout=output, stderr=output
            )
            try:
                for event in _follow(process, events):
                    yield _step(event)
            finally:
                process.kill()
                process.wait()
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
            *("--checks", "all", "--phases", PHASES, "--max-examples", str(self._profile.examples)),
            *("--seed", str(self._seed), "--rate-limit", "auto"),
            *("--report-json-path", "summary.json", "--report-ndjson-path", str(events)),
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT + _PROXIES if name in os.environ}
        return kept | hooks_settings.write(
            all_time_zones=self._profile.all_time_zones,
            safe_methods_only=not self._profile.changes,
            silent_endpoint=self._target.silent_endpoint,
            made=self._made,
        )

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


def _follow(process: "subprocess.Popen[bytes]", events: Path) -> Iterator[Json]:
    """The scenarios that a run writes down, until it ends."""
    with _opened(process, events) as lines:
        rest, ended = "", False
        while not ended:
            ended = _has_ended(process)
            *complete, rest = (rest + lines.read()).split("\n")
            yield from (json.loads(line)["ScenarioFinished"] for line in complete if line.startswith(_SCENARIO))


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


def _step(event: Json) -> Step:
    recorder = event.get("recorder", {})
    done = {
        case_id: _exchange(interaction, recorder["cases"][case_id]["value"].get("auth_identity"))
        for case_id, interaction in recorder.get("interactions", {}).items()
        if interaction.get("response")
    }
    failures = tuple(
        _failure(event["phase"], check["failure_info"]["failure"], done.get(case_id))
        for case_id, checks in recorder.get("checks", {}).items()
        for check in checks
        if check["status"] == "failure"
    )
    return Step(event["phase"], tuple(done.values()), failures)


def _exchange(interaction: Json, identity: str | None) -> Exchange:
    sent, answer = interaction["request"], interaction["response"]
    return Exchange(
        method=sent["method"],
        url=sent["uri"],
        status=answer["status_code"],
        request_headers=_named(joined(sent.get("headers", {})), identity),
        request_body=_bytes(sent.get("body")),
        response_headers=joined(answer.get("headers", {})),
        response_body=_bytes(answer.get("content")),
        started=datetime.fromtimestamp(interaction["timestamp"], UTC),
        seconds=answer.get("elapsed", 0.0),
    )


def _named(headers: dict[str, str], identity: str | None) -> dict[str, str]:
    """The headers, with the name of the key that Schemathesis has hidden."""
    key = "$OTHER_KEY" if identity == "other" else "$KEY"
    return {name: f"Bearer {key}" if name == "Authorization" else value for name, value in headers.items()}


def _bytes(encoded: Mapping[str, str] | None) -> bytes:
    return base64.b64decode(encoded["$base64"]) if encoded else b""


def _failure(phase: str, found: Json, exchange: Exchange | None) -> Failure:
    asked = exchange and operation_of(exchange.method, exchange.url)
    return Failure(
        part=phase,
        operation=asked.id if asked else found["operation"],
        title=f"{found['title']} ({found['code']})",
        detail=found["message"].partition("\n\nSchema:")[0].strip(),
        curl=exchange.curl if exchange else "",
    )
