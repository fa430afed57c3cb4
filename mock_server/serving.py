"""Runs the mock as a process: listens, says when it is ready, and ends cleanly on a signal."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_exports.serving import CannotListen, listening, url_of
from batch_exports.serving import serve as serve_app

if TYPE_CHECKING:
    from mock_server.app import MockApp
    from mock_server.library import Library
    from mock_server.upstream.target import Target
    from mock_server.watching import WatchedApp


class CannotServeError(Exception):
    """The mock cannot start; the text says why, and what to do about it."""


def serve(
    host: str,
    port: int,
    *,
    as_json: bool,
    scenario: str,
    fixtures: Sequence[Path],
    watch: bool,
    port_file: Path | None,
    **options: Any,
) -> None:
    """Serve until SIGINT or SIGTERM, the application made with `options`; raises CannotServeError."""
    if watch and not fixtures:
        raise CannotServeError("There is nothing to watch: name files or folders with --fixtures.")
    if port_file is not None and not port_file.parent.is_dir():
        raise CannotServeError(f"Cannot write the port to {port_file}: there is no folder {port_file.parent}.")
    # Imported here, since the order of imports is arranged first.
    from mock_server.faults.protocol import BreakableHttpProtocol  # noqa: PLC0415
    from mock_server.library import Library  # noqa: PLC0415

    library = Library(fixtures)
    app = _build(scenario, library=library, is_local=_is_local(host), **options)
    try:
        with listening(host, port) as listener:
            url = url_of(listener)
            text = _json(url, app) if as_json else _welcome(url, app, scenario)
            served = _watched(app, library) if watch else app

            def tell() -> None:
                if port_file is not None:
                    _write(port_file, str(listener.getsockname()[1]))
                click.echo(text)

            serve_app(served, listener, tell, protocol=BreakableHttpProtocol)
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
    upstream: str | None,
    proxy: Sequence[str],
    cors_origin: tuple[str, ...],
    log: str | None,
    upstream_key: str | None,
    library: "Library",
    is_local: bool,
    **options: Any,
) -> "MockApp":
    # Imported here, since the order of imports is arranged first.
    from batch_exports.domain.throttles import RateLimits  # noqa: PLC0415
    from mock_server.app import Options, create_app  # noqa: PLC0415
    from mock_server.control.app import Access  # noqa: PLC0415
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.faults.effects import FaultRuleError  # noqa: PLC0415
    from mock_server.library import UnknownScenarioError  # noqa: PLC0415
    from mock_server.operations import UnknownOperationError  # noqa: PLC0415
    from mock_server.templates import Origin  # noqa: PLC0415
    from mock_server.world import WorldLimits  # noqa: PLC0415

    target = _target(upstream, proxy, upstream_key, is_local=is_local)
    limits = WorldLimits(max_open_backfills, RateLimits(throttle_per_minute, throttle_per_hour))
    access = Access(token=admin_token, is_local=is_local)
    try:
        return create_app(
            Origin(scenario, seed, now),
            Options(
                limits=limits,
                access=access,
                world_seconds=world_ttl,
                cors_origins=cors_origin,
                log=log or ("pretty" if sys.stderr.isatty() else "off"),
                upstream=target,
                **options,
            ),
            library=library,
        )
    except (FaultRuleError, FixtureError, UnknownOperationError, UnknownScenarioError) as error:
        raise CannotServeError(str(error)) from None


def _target(url: str | None, operations: Sequence[str], key: str | None, *, is_local: bool) -> "Target | None":
    if url is None and not operations:
        return None
    from mock_server.upstream.target import UpstreamError, make_target  # noqa: PLC0415

    try:
        return make_target(url, operations, key, is_local=is_local)
    except UpstreamError as error:
        raise CannotServeError(str(error)) from None


def _watched(app: "MockApp", library: "Library") -> "WatchedApp":
    from mock_server.watching import FixtureWatch, WatchedApp  # noqa: PLC0415

    return WatchedApp(app, FixtureWatch(library, app.reload, lambda text: click.echo(text, err=True)))


def _write(path: Path, text: str) -> None:
    # Whoever waits for the file finds it whole.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="ascii")
        draft.replace(path)
    except OSError as error:
        raise CannotServeError(f"Cannot write the port to {path}: {error.strerror}.") from None


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
