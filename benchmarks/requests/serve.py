"""One server process: says its port, then its CPU time whenever a line comes in, until its input ends."""

import importlib
import sys
import threading
import time
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
        threading.Thread(target=self._report, daemon=True).start()

    def _report(self) -> None:
        for _ in sys.stdin:
            print(time.process_time_ns(), flush=True)
        self.should_exit = True


def main() -> None:
    module, _, factory = sys.argv[1].partition(":")
    app = getattr(importlib.import_module(module), factory or "create_app")()
    # As the product is served, for every contestant.
    config = uvicorn.Config(
        app,
        port=0,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
    )
    _Server(config).run()


if __name__ == "__main__":
    main()
