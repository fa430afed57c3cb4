"""What one process is watched by."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from batch_exports.observability.metrics import Metrics
from batch_exports.observability.tracing import open_tracing


class Instruments:
    """Metrics, and traces where the environment asks for them; used in a block, at whose end the last ones are sent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.metrics = Metrics()
        self.tracing = open_tracing(environment)

    def __enter__(self) -> Self:
        """Use them in a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send the last traces."""
        if self.tracing is not None:
            self.tracing.close()
