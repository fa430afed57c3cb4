"""Runs the mock as a process: listens, says when it is ready, and ends cleanly on a signal."""

import json
from typing import TYPE_CHECKING, Any

import click

from batch_exports.serving import CannotListen, listening, url_of
from batch_exports.serving import serve as serve_app

if TYPE_CHECKING:
    from mock_server.app import MockApp


class CannotServeError(Exception):
    """The mock cannot start; the text says why, and what to do about it."""


def serve(*, host: str, port: int, scenario: str, as_json: bool, **options: Any) -> None:
    """Serve until SIGINT or SIGTERM, the application made with `options`; raises CannotServeError."""
    app = _build(scenario, **options)
    try:
        with listening(host, port) as listener:
            url = url_of(listener)
            text = _json(url, app) if as_json else _welcome(url, app, scenario)
            serve_app(app, listener, lambda: click.echo(text))
    except CannotListen as error:
        raise CannotServeError(str(error)) from None


def _build(scenario: str, *, throttle_per_minute: int = 0, throttle_per_hour: int = 0, **options: Any) -> "MockApp":
    # Imported here, since the order of imports is arranged first.
    from batch_exports.domain.throttles import RateLimits  # noqa: PLC0415
    from mock_server.app import create_app  # noqa: PLC0415
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.scenarios import UnknownScenarioError  # noqa: PLC0415

    try:
        return create_app(scenario, limits=RateLimits(throttle_per_minute, throttle_per_hour), **options)
    except (FixtureError, UnknownScenarioError) as error:
        raise CannotServeError(str(error)) from None


def _json(url: str, app: "MockApp") -> str:
    return json.dumps({"url": url, "keys": dict(app.keys), "docs": f"{url}/docs"})


def _welcome(url: str, app: "MockApp", scenario: str) -> str:
    return f"Mock ready at {url} (docs {url}/docs), scenario {scenario}, keys {', '.join(app.keys.values())}"
