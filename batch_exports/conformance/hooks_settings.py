"""What a run tells its hooks, which live in a process of Schemathesis, by environment variables."""

import os
import zlib
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
    sent: Path | None = None
    """The file that gets a byte for every request."""
    sampled: tuple[str, ...] = ()
    """Operations of which a fourth of the boundaries is tried."""
    seed: int = 0
    """Which boundaries those are."""

    def tries(self, operation_id: str, body: object) -> bool:
        """Whether this boundary of an operation's body is one of those that the run tries."""
        # Operations that share a schema try other fourths of its boundaries.
        draw = zlib.crc32(f"{self.seed}{operation_id}{body!r}".encode(errors="replace"))
        return operation_id not in self.sampled or draw % 4 == 0


def write(settings: HooksSettings) -> dict[str, str]:
    """The environment variables of these settings."""
    values = {
        "EXAMPLES": "all" if settings.all_time_zones else "",
        "SAFE": "yes" if settings.safe_methods_only else "",
        "SILENT": settings.silent_endpoint,
        "MADE": str(settings.made or ""),
        "SENT": str(settings.sent or ""),
        "SAMPLED": " ".join(settings.sampled),
        "SEED": str(settings.seed),
    }
    return {_PREFIX + name: value for name, value in values.items() if value}


def read(environment: Mapping[str, str] = os.environ) -> HooksSettings:
    """The settings that environment variables state."""
    made, sent = environment.get(_PREFIX + "MADE"), environment.get(_PREFIX + "SENT")
    return HooksSettings(
        all_time_zones=_PREFIX + "EXAMPLES" in environment,
        safe_methods_only=_PREFIX + "SAFE" in environment,
        silent_endpoint=environment.get(_PREFIX + "SILENT", SILENT_ENDPOINT),
        made=Path(made) if made else None,
        sent=Path(sent) if sent else None,
        sampled=tuple(environment.get(_PREFIX + "SAMPLED", "").split()),
        seed=int(environment.get(_PREFIX + "SEED", "0")),
    )
