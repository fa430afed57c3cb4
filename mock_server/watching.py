"""Keeps a mock up to date with the user's fixtures: what has changed is read again while it serves."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.documents import FixtureError
from mock_server.library import Library

WARNING = "X-Mock-Warning"
"""The header that says of every answer why fixtures are older than their files."""

_SECONDS = 1.0
_MOST_TEXT = 1_000


class FixtureWatch:
    """Looks at the user's files, and has them read again when they have changed."""

    def __init__(self, library: Library, reload: Callable[[], None], tell: Callable[[str], None]) -> None:
        """`reload` raises FixtureError and changes nothing if a file cannot be used, of which `tell` says why."""
        self.warning: str | None = None
        """Why what is served is older than the files, while it is."""
        self._library = library
        self._reload = reload
        self._tell = tell
        self._seen = library.versions()

    def look(self) -> None:
        """Have the files read again if they have changed since the last look."""
        seen = self._library.versions()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._reload()
        except FixtureError as error:
            self.warning = str(error)
            self._tell(f"Fixtures stay as they were: {error}")
        else:
            self.warning = None
            self._tell("Fixtures have been read again.")

    async def run(self, seconds: float = _SECONDS) -> None:
        """Look every so often, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            self.look()


class WatchedApp:
    """An application that a watch keeps up to date, and whose answers carry the watch's warning."""

    def __init__(self, app: ASGIApp, watch: FixtureWatch) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the process."""
        if scope["type"] == "lifespan":
            watching = asyncio.create_task(self._watch.run())
            try:
                await self._app(scope, receive, send)
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
        else:
            await self._app(scope, receive, self._warning(send))

    def _warning(self, send: Send) -> Send:
        warning = self._watch.warning
        if warning is None:
            return send
        header = (WARNING.lower().encode(), header_text(warning))

        async def warned(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        return warned


def header_text(text: str) -> bytes:
    """A text as the value of a header."""
    return " ".join(text.split())[:_MOST_TEXT].encode("ascii", "backslashreplace")
