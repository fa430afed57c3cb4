"""Faults of time: boundaries, clock changes, weeks, relative times."""

from tests.mutants.fault import Fault

_SCHEDULES = "batch_exports/domain/schedules.py"


def _fault(fault_id: str, breaks: str, file: str, before: str, after: str, *unit: str) -> Fault:
    return Fault(id=fault_id, breaks=breaks, file=file, before=before, after=after, unit=unit)


def _schedule(fault_id: str, breaks: str, before: str, after: str) -> Fault:
    return _fault(fault_id, breaks, _SCHEDULES, before, after, "tests/domain/test_schedules.py")


FAULTS = (
    _schedule(
        "days-ignore-clock-changes",
        "days keep the offset from UTC that their zone had at the start of the range",
        "begin = time(self.offset_hour, tzinfo=ZoneInfo(self.timezone))",
        "begin = time(self.offset_hour, tzinfo=type(UTC)(start.astimezone(ZoneInfo(self.timezone)).utcoffset()))",
    ),
    _schedule(
        "boundary-belongs-to-the-interval-before",
        "the moment at which a day begins belongs to the day before",
        "near[bisect_right(near, at) - 1]",
        "near[bisect_right(near, at - datetime.resolution) - 1]",
    ),
    _schedule(
        "boundary-rounds-up",
        "a boundary is rounded up to the next one",
        "return self.following(at - datetime.resolution)",
        "return self.following(at)",
    ),
    _schedule(
        "weeks-begin-on-sunday",
        "a week begins on Sunday, whatever its `offset_day`",
        "(day.isoweekday() - self.offset_day) % 7",
        "day.isoweekday() % 7",
    ),
    _schedule(
        "one-day-too-many",
        "a range of days counts the one before it",
        "sum(start < boundary <= end",
        "sum(start <= boundary <= end",
    ),
    _schedule(
        "runs-begin-at-once",
        "a run does not wait until the rows of its interval have arrived",
        "return end + _SETTLING.get(self.interval, _DEFAULT_SETTLING)",
        "return end",
    ),
    _fault(
        "weekdays-begin-with-monday",
        "the dates of a weekly backfill have to fall on the day after its `offset_day`",
        "batch_exports/services/backfills.py",
        "weekday = day.isoweekday() % 7",
        "weekday = day.weekday()",
        "tests/services/test_backfills.py",
        "tests/rules/test_backfills.py",
    ),
    _fault(
        "backfill-dates-by-utc",
        "the dates of a backfill begin at the offset by UTC",
        "batch_exports/services/backfills.py",
        "return local_time(day, schedule.offset_hour, schedule.timezone)",
        'return local_time(day, schedule.offset_hour, "UTC")',
        "tests/services/test_backfills.py",
        "tests/rules/test_backfills.py",
    ),
    _fault(
        "unpaused-export-repeats",
        "an export that is unpaused exports an interval twice",
        "batch_exports/domain/pausing.py",
        "carried_on(going, max(settled, export.next_start_at or settled))",
        "carried_on(going, settled)",
        "tests/domain/test_coverage.py",
        "tests/services/test_scheduler.py",
        "tests/services/test_windows.py",
    ),
    _fault(
        "missed-intervals-outlast-the-window",
        "the intervals missed by a pause go on behind the export's end",
        "batch_exports/domain/pausing.py",
        "        end = min(end, schedule.floor(schedule.end_at))\n",
        "        pass\n",
        "tests/services/test_exports.py",
        "tests/services/test_windows.py",
    ),
    _fault(
        "minutes-are-months",
        "`-5M` reaches back five months",
        "batch_exports/domain/relative_times.py",
        'unit = letter if letter == "M" else letter.lower()',
        "unit = letter.lower()",
        "tests/domain/test_relative_times.py",
    ),
    _fault(
        "times-of-long-ago-break-the-server",
        "a relative time before the first year is a 500",
        "batch_exports/domain/relative_times.py",
        "except (OverflowError, ValueError):",
        "except KeyError:",
        "tests/domain/test_relative_times.py",
    ),
    _fault(
        "naive-times-accepted",
        "a bound of a backfill may leave out its zone",
        "batch_exports/domain/times.py",
        '    if moment.tzinfo is None:\n        raise Invalid(f"Input {text} is naive.", attr=attr)\n',
        "",
        "tests/domain/test_times.py",
    ),
)
