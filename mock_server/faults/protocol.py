"""HTTP whose connections the application may break, where a fault asks for it."""

from typing import Any

from batch_exports.http_protocol import BoundedHttpProtocol
from mock_server.faults.cuts import STALL_SECONDS, TRANSPORT
from mock_server.journal.stream import SHUTDOWN


class BreakableHttpProtocol(BoundedHttpProtocol):
    """Lends the connection to the application, and leaves it as long as a fault may last."""

    answer_seconds = STALL_SECONDS + 60

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}, SHUTDOWN: {}}

    def shutdown(self) -> None:
        """Let an answer end that would go on for as long as its reader stays."""
        super().shutdown()
        # There is none before the first request.
        scope: Any = self.scope
        end = (scope or {}).get("extensions", {}).get(SHUTDOWN, {}).get("end")
        if end is not None:
            end()
