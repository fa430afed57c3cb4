"""Lengths of time as people write them: ISO 8601 (`PT90M`), or a number with its unit (`90m`, `2h`, `800ms`)."""

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_SHORT = re.compile(rf"({_NUMBER})({'|'.join(_UNITS)})", re.ASCII)
_ISO = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]+)W|(?:(?P<days>[0-9]+)D)?"
    rf"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>{_NUMBER})S)?)?)",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """The length that a text says; raises ValueError with advice."""
    try:
        if (short := _SHORT.fullmatch(text)) is not None:
            return float(short[1]) * _UNITS[short[2]]
        if (iso := _ISO.fullmatch(text)) is not None:
            return timedelta(**{unit: float(number) for unit, number in iso.groupdict(default="0").items()})
    except OverflowError:
        raise ValueError(f"The duration {text} is longer than any clock can show. Write a shorter one.") from None
    raise ValueError("Write a duration as ISO 8601 (PT90M, P1DT12H) or as a number with its unit (90m, 2h, 1d, 800ms).")


def format_duration(length: timedelta) -> str:
    """A length as ISO 8601 writes it, in days, hours, minutes and seconds."""
    minutes, seconds = divmod(length - timedelta(days=length.days), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    fraction = f"{seconds.total_seconds():.6f}".rstrip("0").rstrip(".")
    parts = ((hours, "H"), (minutes, "M"), (fraction, "S"))
    time = "".join(f"{amount}{unit}" for amount, unit in parts if amount not in (0, "0"))
    day = f"{length.days}D" if length.days else ""
    return f"P{day}T{time}" if time else f"P{day or 'T0S'}"
