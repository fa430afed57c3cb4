"""What the Schemathesis command line writes down while it runs: exchanges, failures, waits."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple

from batch_exports.conformance.exchanges import Exchange, Failure, joined
from batch_exports.conformance.operations import operation_of

PHASES = ("examples", "coverage", "fuzzing", "stateful")

Json = dict[str, Any]


class Step(NamedTuple):
    """What a scenario did, or how far one is that goes on."""

    phase: str
    exchanges: tuple[Exchange, ...] = ()
    failures: tuple[Failure, ...] = ()
    waiting: float = 0.0
    """For how many seconds an answer of 429 has just made it wait."""


class EventReader:
    """Reads the file of events as it grows."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines, self._rest, self._phase = lines, "", PHASES[0]

    def steps(self) -> Iterator[Step]:
        """What was written since the last time, and in the end where the run is."""
        *complete, self._rest = (self._rest + self._lines.read()).split("\n")
        for line in filter(None, complete):
            [(kind, event)] = json.loads(line).items()
            if kind == "PhaseStarted" and event["phase"]["name"] in PHASES:
                self._phase = event["phase"]["name"]
            elif kind == "ScenarioFinished":
                yield _step(event)
            elif kind == "RateLimitRetry":
                yield Step(self._phase, waiting=event["delay"])
        yield Step(self._phase)


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
