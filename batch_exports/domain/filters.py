"""What filters compare properties with."""

import math
from typing import Any


def number_of(value: Any) -> float | None:
    """The finite number that a filter names, in digits or as text; None where it names none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
