"""Where commands find settings, packages and the world that they ask."""

import asyncio
import importlib.util
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from batch_exports.observability.logs import configure_logging
from batch_exports.settings import Settings

if TYPE_CHECKING:
    from batch_exports.bootstrap import World

T = TypeVar("T")

_EXTRAS = {
    "server": (
        "aiosqlite",
        "alembic",
        "cryptography",
        "dbos",
        "pyarrow",
        "sqlalchemy",
        "clickhouse_connect",
        "prometheus_client",
    ),
    "embedded": ("chdb",),
    "postgres": ("psycopg",),
    "contract": ("hypothesis", "pytest", "schemathesis"),
}
"""What the extras of this distribution install, as far as commands depend on it."""


def need(*extras: str) -> None:
    """Refuse a command whose packages are not installed, with the way to install them."""
    missing = [name for extra in extras for name in _EXTRAS[extra] if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"This command needs packages that are not installed ({', '.join(missing)}). "
            f"Install them: pip install 'batch-exports[{','.join(extras)}]'"
        )


def read_settings(data_dir: Path | None, environment: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """The settings of a command, under its options; the log level takes effect."""
    settings = Settings.read(environment, data_dir=data_dir, **overrides)
    if settings.store_url.startswith("postgresql"):
        need("server", "postgres")
    configure_logging(settings.log_level, settings.log_format)
    return settings


def in_world(data_dir: Path | None, use: "Callable[[World], Awaitable[T]]") -> T:
    """What `use` makes of the world of a data folder, which is prepared first."""
    need("server")
    return asyncio.run(_in_world(read_settings(data_dir), use))


async def _in_world(settings: Settings, use: "Callable[[World], Awaitable[T]]") -> T:
    from batch_exports.bootstrap import build_world, prepare

    await asyncio.to_thread(prepare, settings)
    async with build_world(settings) as world:
        return await use(world)
