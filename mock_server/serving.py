"""Runs the mock as a process: listens, says when it is ready, and ends cleanly on a signal."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click
from uvicorn import Config, Server

if TYPE_CHECKING:
    from mock_server.app import MockApp


class CannotServeError(Exception):
    """The mock cannot start; the text says why, and what to do about it."""


def serve(*, host: str, port: int, scenario: str, seed: int, strict: bool, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM; raises CannotServeError."""
    app = _build(scenario, seed=seed, strict=strict)
    with closing(_listen(host, port)) as listener, _signals_left_to_the_server():
        url = _url(listener)
        text = _json(url, app) if as_json else _welcome(url, app, scenario)
        config = Config(app, log_level="warning", access_log=False, lifespan="on", ws="none", server_header=False)
        _Server(config, on_ready=lambda: click.echo(text)).run(sockets=[listener])


class _Server(Server):
    def __init__(self, config: Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _build(scenario: str, *, seed: int, strict: bool) -> "MockApp":
    # Imported here, since the order of imports is arranged first.
    from mock_server.app import create_app  # noqa: PLC0415
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.scenarios import UnknownScenarioError  # noqa: PLC0415

    try:
        return create_app(scenario, strict=strict, seed=seed)
    except (FixtureError, UnknownScenarioError) as error:
        raise CannotServeError(str(error)) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotServeError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port, or 0 for a free one."
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _json(url: str, app: "MockApp") -> str:
    return json.dumps({"url": url, "keys": dict(app.keys), "docs": f"{url}/docs"})


def _welcome(url: str, app: "MockApp", scenario: str) -> str:
    return f"Mock ready at {url} (docs {url}/docs), scenario {scenario}, keys {', '.join(app.keys.values())}"


@contextmanager
def _signals_left_to_the_server() -> Iterator[None]:
    # The server raises the signal that stopped it again once it is done; that is our orderly end, not a death.
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
