"""What DBOS may say in the service's log, and how often."""

import logging
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.engine.quiet import Seldom, quiet_dbos

SUBJECTS = ("Exception encountered in queue thread for runs_live", "Exception listing queues", "Stopped")
Moments = list[tuple[float, str, str]]
moments = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(SUBJECTS), st.sampled_from(["refused", "away: gone"])))


def record(text: str, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("dbos", logging.WARNING, __file__, 1, text, (), exc_info)


def caught() -> BaseException:
    with pytest.raises(ConnectionError) as refusal:
        raise ConnectionError("refused by %s")
    return refusal.value


@pytest.fixture
def debugging() -> Iterator[None]:
    logger = logging.getLogger("batch_exports")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


@given(moments)
def test_each_message_is_told_at_once_and_again_when_a_minute_has_passed(said: Moments) -> None:
    now, told = 0.0, dict[str, float]()
    seldom = Seldom(clock=lambda: now)
    for pause, subject, cause in said:
        now += pause
        due = now - told.get(subject, -60.0) >= 60
        assert seldom.filter(record(f"{subject}: {cause}")) is due
        if due:
            told[subject] = now


def test_a_traceback_is_shortened_to_its_cause() -> None:
    said = record("Fallback poll failed", caught())
    assert Seldom().filter(said)
    assert logging.Formatter().format(said) == "Fallback poll failed ConnectionError('refused by %s')"


def test_a_traceback_that_is_part_of_the_message_is_shortened_too() -> None:
    trace = "".join(traceback.format_exception(caught()))
    said = record(f"Exception polling schedules: {trace}(Background on this error)")
    assert Seldom().filter(said)
    assert logging.Formatter().format(said) == "Exception polling schedules: ConnectionError: refused by %s"


@pytest.mark.usefixtures("debugging")
def test_a_log_for_debugging_keeps_tracebacks() -> None:
    said = record("Fallback poll failed", caught())
    assert Seldom().filter(said)
    assert "Traceback" in logging.Formatter().format(said)


def test_the_engine_s_log_repeats_nothing_while_it_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with quiet_dbos():
        for attempt in range(20):
            logging.getLogger("dbos").warning("Exception listing queues: attempt %d", attempt)
    assert caplog.messages == ["Exception listing queues: attempt 0"]
