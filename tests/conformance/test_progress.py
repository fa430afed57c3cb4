"""What a run tells of itself: in a terminal, in a log, and when a deployment asks for patience."""

import os
import pty
from contextlib import redirect_stderr, suppress

import httpx

from batch_exports.cli.contract_progress import showing_progress
from batch_exports.conformance.made_exports import delete_made
from batch_exports.conformance.progress import Progress
from batch_exports.conformance.schemathesis_events import EventReader, Step
from batch_exports.conformance.target import OWN, Clients
from tests.conformance.served import served

TOLD = (Progress("authorization", 7), Progress("coverage", 90), Progress("coverage", 480, waiting=43.0))


def shown():
    with showing_progress() as tell:
        for each in TOLD:
            tell(each)


def test_a_log_gets_a_line_for_each_part_and_each_wait(capsys):
    shown()
    assert capsys.readouterr().err.splitlines() == [
        "authorization ...",
        "coverage ...",
        "coverage, waiting 43 s as 429 asks ...",
    ]


def test_a_terminal_gets_one_line_that_is_gone_in_the_end():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, redirect_stderr(terminal):
        shown()
    written = all_of(ours).decode()
    lines = written.split("\r\033[K")
    assert lines[-2:] == ["[##.....] coverage: 480 requests, waiting 43 s as 429 asks", ""]
    assert "\n" not in written
    assert max(map(len, lines)) < 80


def all_of(terminal):
    chunks = []
    with os.fdopen(terminal, "rb", buffering=0) as ours, suppress(OSError):  # what a terminal has instead of an end
        while chunk := ours.read(1000):
            chunks.append(chunk)
    return b"".join(chunks)


def throttled():
    """A service that has one request in two wait."""
    asked = []

    async def app(scope, _receive, send):
        asked.append(scope["type"])
        status, headers = (429, [(b"retry-after", b"0")]) if asked.count("http") % 2 else (200, [])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    return app


def test_who_waits_for_a_limit_says_so(tmp_path):
    waited = []
    with served(throttled()) as url:
        clients = Clients(url, lambda _: None, tmp_path / "made", changes=True, waiting=waited.append)
        with clients.of(None) as client:
            assert client.get(OWN).status_code == 200
    assert waited == [0.0]


def test_waits_of_generated_requests_are_told_in_their_phase(tmp_path):
    events = tmp_path / "events"
    events.write_text(
        '{"PhaseStarted": {"phase": {"name": "coverage"}}}\n\n{"RateLimitRetry": {"delay": 43.0}}\n{"ScenarioFin'
    )
    with events.open() as lines:
        assert list(EventReader(lines).steps()) == [Step("coverage", waiting=43.0), Step("coverage")]


def test_a_deletion_that_is_broken_off_tells_what_is_left(tmp_path):
    (tmp_path / "made").write_text("first\nsecond\nthird\n")
    transport = httpx.MockTransport(lambda _: httpx.Response(204))

    def broken_off():
        raise KeyboardInterrupt

    with httpx.Client(transport=transport, base_url="http://127.0.0.1") as client:
        assert delete_made(tmp_path / "made", [client], broken_off) == ["second", "third"]
        assert delete_made(tmp_path / "made", [client]) == []
