"""Runs the mock as a process: listens, says when it is ready, and ends cleanly on a signal."""

import json
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from batch_exports.serving import CannotListen, listening, url_of
from batch_exports.serving import serve as serve_app

if TYPE_CHECKING:
    from mock_server.app import MockApp


class CannotServeError(Exception):
    """The mock cannot start; the text says why, and what to do about it."""


def serve(host: str, port: int, *, as_json: bool, scenario: str, **options: Any) -> None:
    """Serve until SIGINT or SIGTERM, the application made with `options`; raises CannotServeError."""
    app = _build(scenario, is_local=_is_local(host), **options)
    try:
        with listening(host, port) as listener:
            url = url_of(listener)
            text = _json(url, app) if as_json else _welcome(url, app, scenario)
            serve_app(app, listener, lambda: click.echo(text))
    except CannotListen as error:
        raise CannotServeError(str(error)) from None


def _build(
    scenario: str,
    *,
    seed: int,
    now: datetime | None,
    max_open_backfills: int,
    throttle_per_minute: int,
    throttle_per_hour: int,
    world_ttl: float,
    admin_token: str | None,
    is_local: bool,
    **options: Any,
) -> "MockApp":
    # Imported here, since the order of imports is arranged first.
    from batch_exports.domain.throttles import RateLimits  # noqa: PLC0415
    from mock_server.app import Options, create_app  # noqa: PLC0415
    from mock_server.control.app import Access  # noqa: PLC0415
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.scenarios import UnknownScenarioError  # noqa: PLC0415
    from mock_server.templates import Origin  # noqa: PLC0415
    from mock_server.world import WorldLimits  # noqa: PLC0415

    limits = WorldLimits(max_open_backfills, RateLimits(throttle_per_minute, throttle_per_hour))
    access = Access(token=admin_token, is_local=is_local)
    try:
        return create_app(
            Origin(scenario, seed, now), Options(limits=limits, access=access, world_seconds=world_ttl, **options)
        )
    except (FixtureError, UnknownScenarioError) as error:
        raise CannotServeError(str(error)) from None


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _json(url: str, app: "MockApp") -> str:
    facts = {"url": url, "keys": dict(app.keys), "docs": f"{url}/docs", "control": f"{url}/__mock"}
    return json.dumps(facts)


def _welcome(url: str, app: "MockApp", scenario: str) -> str:
    return (
        f"Mock ready at {url} (docs {url}/docs, console {url}/__mock/), scenario {scenario}, "
        f"keys {', '.join(app.keys.values())}"
    )
