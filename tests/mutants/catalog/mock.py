"""Faults of what only the mock has: clock, progression, faults on request, journal, worlds."""

from tests.mutants.fault import Fault


def _fault(fault_id: str, breaks: str, file: str, before: str, after: str, *unit: str) -> Fault:
    tests = tuple(f"tests/mock_server/{name}.py" for name in unit)
    return Fault(id=fault_id, breaks=breaks, file=f"mock_server/{file}", before=before, after=after, unit=tests)


FAULTS = (
    _fault(
        "mock-clock-does-not-freeze",
        "a clock that is frozen goes on",
        "clock.py",
        "self.run(rate=0.0)",
        "self.run(rate=1.0)",
        "test_clock",
    ),
    _fault(
        "mock-clock-forgets-what-passed",
        "a clock that is advanced forgets the time that passed since it was set",
        "clock.py",
        "ClockSetting(self.target() + by,",
        "ClockSetting(self._setting.instant + by,",
        "test_clock",
    ),
    _fault(
        "mock-clock-runs-back",
        "a clock can be set to a moment that has passed",
        "clock.py",
        "if instant < self.target():",
        "if instant < EARLIEST:",
        "test_clock",
    ),
    _fault(
        "mock-run-takes-one-more-look",
        "a run that looks move takes one look more",
        "progression.py",
        "1.0 if looks >= self.polls - 1 else looks / (self.polls - 1)",
        "1.0 if looks >= self.polls else looks / self.polls",
        "test_progression",
    ),
    _fault(
        "mock-outcome-ignored",
        "runs complete, whatever outcome was asked for",
        "progression.py",
        "return Ending(self.outcome, self.latest_error or FAILURES.get(self.outcome))",
        "return Ending(RunStatus.COMPLETED)",
        "test_progression",
    ),
    _fault(
        "mock-keys-in-the-journal",
        "the journal shows keys",
        "journal/redaction.py",
        "{match[2] if is_public else HIDDEN}",
        "{match[2]}",
        "test_journal",
    ),
    _fault(
        "mock-journal-upside-down",
        "whoever asks for what came after an exchange gets it newest first",
        "journal/journal.py",
        "return later[::-1]",
        "return later",
        "test_journal",
        "test_stream",
    ),
    _fault(
        "mock-fault-once-too-often",
        "a fault rule hits one request more than it should",
        "faults/rules.py",
        "return self.applied == self.times or",
        "return (self.times is not None and self.applied > self.times) or",
        "test_faults",
    ),
    _fault(
        "mock-fault-hits-everything",
        "a fault rule for one operation hits all",
        "faults/rules.py",
        'match.get("operation", operation) == operation',
        "operation == operation",
        "test_faults",
    ),
    _fault(
        "mock-snapshot-changes",
        "a snapshot changes with the world that goes on from it",
        "snapshots.py",
        "world = self.world.fork()",
        "world = self.world",
        "test_snapshots",
    ),
    _fault(
        "mock-worlds-shared",
        "all names name the same world",
        "sandboxes.py",
        "found = self._named.get(name)\n",
        "found = next(iter(self._named.values()), None)\n",
        "test_sandboxes",
    ),
    _fault(
        "mock-reader-may-write",
        "the persona that may look may change, too",
        "personas.py",
        '_persona("read", 1, READ_SCOPE)',
        '_persona("read", 1, WRITE_SCOPE)',
        "test_personas",
    ),
)
