import json
import logging
import sys
from datetime import datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.observability.logs import FIELDS, JsonFormatter, TextFormatter, configure_logging
from batch_exports.observability.subject import about, hide

CANARY = "canary-5d20"
names = st.sampled_from(["operation", "status", "path", "run"])
values = st.none() | st.booleans() | st.integers() | st.text()


def record(message, *arguments, error=None, **fields):
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("batch_exports.engine", logging.WARNING, "file.py", 1, message, arguments, exc_info)
    setattr(made, FIELDS, fields)
    return made


def raised(text):
    try:
        return {}[text]
    except KeyError as error:
        return error


@given(message=st.text(), fields=st.dictionaries(names, values))
def test_whatever_is_logged_is_one_object_on_one_line(message, fields):
    line = JsonFormatter().format(record("%s", message, **fields))
    assert len(line.splitlines()) == 1
    entry = json.loads(line)
    assert (entry["level"], entry["logger"]) == ("warning", "batch_exports.engine")
    assert datetime.fromisoformat(entry["time"]).utcoffset().total_seconds() == 0
    assert entry.keys() == {"time", "level", "logger", "message"} | fields.keys()


@given(st.dictionaries(names, st.none() | st.booleans() | st.integers()))
def test_numbers_stay_numbers(fields):
    entry = json.loads(JsonFormatter().format(record("done", **fields)))
    assert {name: entry[name] for name in fields} == fields


def test_a_line_names_what_it_is_about():
    with about(run_id="r", export_id="e"):
        entry = json.loads(JsonFormatter().format(record("Part %d is written.", 3)))
    assert (entry["run_id"], entry["export_id"], entry["message"]) == ("r", "e", "Part 3 is written.")
    assert "run_id" not in json.loads(JsonFormatter().format(record("later")))


def test_a_line_for_people_names_it_too():
    with about(request_id="r-1"):
        line = TextFormatter().format(record("It failed.", error=raised("not there")))
    assert "batch_exports.engine: It failed. request_id=r-1\nTraceback" in line


def test_an_error_is_told_with_its_traceback():
    entry = json.loads(JsonFormatter().format(record("It failed.", error=raised("not there"))))
    assert entry["exception"].startswith("Traceback")
    assert entry["exception"].endswith("KeyError: 'not there'")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_no_line_shows_a_secret_in_use_wherever_it_stands(formatter):
    with about(run_id="r"):
        hide([CANARY])
        line = formatter.format(record("Bad: %s", CANARY, error=raised(f"no '{CANARY}'"), path=f"/{CANARY}"))
    assert CANARY not in line
    assert "KeyError" in line


@pytest.fixture
def root():
    """The root logger with our handler; what is set is set back."""
    loggers = [logging.getLogger(name) for name in ("", "batch_exports", "handlers")]
    levels = [logger.level for logger in loggers]
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(TextFormatter())
    loggers[0].addHandler(handler)
    yield handler
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_others_are_told_from_warnings_on_and_we_from_the_level_that_is_set(root, level):
    configure_logging(level, "json")
    number = logging.getLevelNamesMapping()[level.upper()]
    for name, least in (("batch_exports.access", number), ("dbos", max(number, logging.WARNING))):
        assert logging.getLogger(name).getEffectiveLevel() == least


def test_the_style_changes_our_handler_alone(root):
    other = logging.StreamHandler(sys.stderr)
    other.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger().addHandler(other)
    try:
        configure_logging("warning", "json")
        assert isinstance(root.formatter, JsonFormatter)
        assert not isinstance(other.formatter, JsonFormatter)
    finally:
        logging.getLogger().removeHandler(other)
