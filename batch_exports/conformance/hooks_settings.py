"""What a run tells its hooks, which live in a process of Schemathesis, by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SILENT_ENDPOINT = "http://localhost:9"
"""Of a bucket where nobody answers: runs try it for minutes, while others are soon at their end."""

_PREFIX = "BATCH_EXPORTS_CONTRACT_"


@dataclass(frozen=True, slots=True)
class HooksSettings:
    """How the requests of a run are changed and noted."""

    all_time_zones: bool
    """Whether each of the six hundred is a case of its own."""
    safe_methods_only: bool
    silent_endpoint: str
    made: Path | None
    """The file that gets the id of every export that a request made."""


def write(*, all_time_zones: bool, safe_methods_only: bool, silent_endpoint: str, made: Path | None) -> dict[str, str]:
    """The environment variables of these settings."""
    values = {
        "EXAMPLES": "all" if all_time_zones else "",
        "SAFE": "yes" if safe_methods_only else "",
        "SILENT": silent_endpoint,
        "MADE": "" if made is None else str(made),
    }
    return {_PREFIX + name: value for name, value in values.items() if value}


def read(environment: Mapping[str, str] = os.environ) -> HooksSettings:
    """The settings that environment variables state."""
    made = environment.get(_PREFIX + "MADE")
    return HooksSettings(
        all_time_zones=_PREFIX + "EXAMPLES" in environment,
        safe_methods_only=_PREFIX + "SAFE" in environment,
        silent_endpoint=environment.get(_PREFIX + "SILENT", SILENT_ENDPOINT),
        made=Path(made) if made else None,
    )
