"""What an operator sets, read once from `BATCH_EXPORTS_*`; a bad value is one clear line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "BATCH_EXPORTS_"


class BadSetting(Exception):
    """A setting that cannot be used; the text names it and says what would do."""


_DATA = Path("data")


def _setting(default: Any, read: Callable[[str], Any], doc: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "doc": doc})


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("must be at least 1")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:  # noqa: PLR2004  # the largest port
        raise ValueError("must be from 0 to 65535")
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One process's settings."""

    data_dir: Path = _setting(_DATA, Path, "Folder for everything that the embedded defaults keep.")
    database_url: str | None = _setting(
        None, str, "SQLAlchemy URL of the store; a SQLite file in the data folder by default.", secret=True
    )
    clickhouse_url: str | None = _setting(
        None, str, "HTTP URL of a ClickHouse cluster to read from; the embedded event store by default.", secret=True
    )
    secret_key: str | None = _setting(
        None, str, "Key that encrypts credentials at rest; a key file in the data folder by default.", secret=True
    )
    host: str = _setting("127.0.0.1", str, "Address to listen on.")
    port: int = _setting(8000, _port, "Port to listen on; 0 takes a free one.")
    root_path: str = _setting("", str, "Path prefix under which a proxy serves this service.")
    egress: str = _setting(
        "public", _one_of("public", "loopback", "any"), "Which hosts exports may reach: public, loopback or any."
    )
    egress_allow: frozenset[str] = _setting(
        frozenset(), _names, "Comma-separated host names and networks that exports may reach besides."
    )
    file_root: Path | None = _setting(None, Path, "Folder under which File exports write; none refuses them.")
    worker_concurrency: int = _setting(2, _positive, "Runs that one worker process carries out at once.")
    max_open_backfills: int = _setting(10, _positive, "Backfills of one project that may be in progress at once.")
    max_body_bytes: int = _setting(1024 * 1024, _positive, "Largest request body accepted, in bytes.")

    @classmethod
    def read(cls, environment: Mapping[str, str], **overrides: Any) -> "Settings":
        """The settings of an environment, under `overrides` that are not None; raises BadSetting."""
        values = {}
        for setting in fields(cls):
            name = PREFIX + setting.name.upper()
            if environment.get(name):
                values[setting.name] = _read(name, environment[name], setting.metadata["read"])
        return cls(**values | {name: value for name, value in overrides.items() if value is not None})

    @property
    def store_url(self) -> str:
        """The URL of the store."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'batch_exports.db'}"


def documentation() -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting, for the reference."""
    return [(PREFIX + item.name.upper(), str(item.default), item.metadata["doc"]) for item in fields(Settings)]


def _read(name: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise BadSetting(f"{name}: {error}") from None
