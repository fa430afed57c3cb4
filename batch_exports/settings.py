"""What an operator sets, read once from `BATCH_EXPORTS_*`; a bad value is one line that repeats no secret."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

PREFIX = "BATCH_EXPORTS_"
KEY_BYTES = 32
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")

_DATA = Path("data")
_LARGEST_PORT = 65535
_HOST_NAME = re.compile(r"[a-z0-9_.-]+")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?", re.ASCII)


class BadSetting(Exception):
    """A setting that cannot be used; the text names it and says what would do."""


def _setting(default: Any, read: Callable[[str], Any], doc: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "doc": doc})


def _number(text: str, *, least: int, most: int | None = None) -> int:
    value = int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text, re.ASCII) else None
    if value is None or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"must be a whole number, {bounds}")
    return value


def _positive(text: str) -> int:
    return _number(text, least=1)


def _count(text: str) -> int:
    return _number(text, least=0)


def _port(text: str) -> int:
    return _number(text, least=0, most=_LARGEST_PORT)


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text.lower()

    return read


def _hosts(text: str) -> frozenset[str]:
    names = frozenset(name.strip().lower() for name in text.split(",") if name.strip())
    for name in sorted(names):
        if not _is_network(name) and not _HOST_NAME.fullmatch(name):
            raise ValueError(f"'{name}' is neither a host name nor a network such as 10.1.0.0/16")
    return names


def _proxies(text: str) -> frozenset[str]:
    proxies = frozenset(proxy.strip() for proxy in text.split(",") if proxy.strip())
    for proxy in sorted(proxies - {"*"}):
        if not _is_network(proxy):
            raise ValueError(f"'{proxy}' is neither an address nor a network such as 10.1.0.0/16")
    return proxies


def _origins(text: str) -> frozenset[str]:
    origins = frozenset(origin.strip() for origin in text.split(",") if origin.strip())
    for origin in sorted(origins - {"*"}):
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"'{origin}' must look like https://app.example.com, in small letters and without a path")
    return origins


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _split(text: str, advice: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(advice) from None
    # Drivers would take the rest of the password for the host, and name it in their errors.
    if parts.netloc and text.count("@") > 1:
        raise ValueError("holds more than one @; write those inside of names and passwords as %40")
    return parts


def _store_url(text: str) -> str:
    advice = "must look like sqlite:////folder/file.db or postgresql://user:password@host/database"
    parts = _split(text, advice)
    backend = parts.scheme.partition("+")[0]
    if backend == "sqlite" and "?" in text:
        raise ValueError("names a SQLite file, which takes no parameters; leave out the ? and what follows it")
    is_file = backend == "sqlite" and not parts.netloc and parts.path.strip("/") not in {"", ":memory:"}
    if not is_file and not (backend == "postgresql" and parts.path.strip("/")):
        raise ValueError(advice)
    return text


def _cluster_url(text: str) -> str:
    advice = "must look like https://user:password@host:8443/database"
    parts = _split(text, advice)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(advice)
    return text


def _key(text: str) -> str:
    try:
        is_key = len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except binascii.Error:
        is_key = False
    if not is_key:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64, such as `openssl rand -base64 {KEY_BYTES}` prints")
    return text


def _keys(text: str) -> tuple[str, ...]:
    return tuple(_key(each.strip()) for each in text.split(",") if each.strip())


def _token(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{16,512}=*", text):
        raise ValueError("must be at least 16 letters and digits, such as `openssl rand -hex 16` prints")
    return text


def _path_prefix(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", text):
        raise ValueError("must look like /batch-exports")
    return text.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One process's settings."""

    data_dir: Path = _setting(_DATA, Path, "Folder for everything that the embedded defaults keep.")
    database_url: str | None = _setting(
        None,
        _store_url,
        "Database of service and engine, sqlite:////folder/file.db or postgresql://user:password@host/database; "
        "a SQLite file in the data folder by default.",
        secret=True,
    )
    clickhouse_url: str | None = _setting(
        None,
        _cluster_url,
        "HTTP URL of a ClickHouse cluster to read from; the embedded event store by default.",
        secret=True,
    )
    secret_key: str | None = _setting(
        None,
        _key,
        "Key that encrypts credentials at rest, 32 bytes in base64; a key file in the data folder by default.",
        secret=True,
    )
    old_secret_keys: tuple[str, ...] = _setting(
        (),
        _keys,
        "Comma-separated keys that still decrypt what they once encrypted; `secrets rotate` makes them superfluous.",
        secret=True,
    )
    host: str = _setting("127.0.0.1", str, "Address to listen on.")
    port: int = _setting(8000, _port, "Port to listen on; 0 takes a free one.")
    root_path: str = _setting("", _path_prefix, "Path prefix under which a proxy serves this service.")
    trusted_proxies: frozenset[str] = _setting(
        frozenset({"127.0.0.1", "::1"}),
        _proxies,
        "Comma-separated addresses and networks of proxies whose X-Forwarded-Proto and X-Forwarded-For are believed, "
        "or * for any; those on this machine by default.",
    )
    egress: str = _setting(
        "public",
        _one_of("public", "loopback", "any"),
        "Which hosts exports may reach: public, loopback or any; `dev` takes loopback unless told otherwise.",
    )
    egress_allow: frozenset[str] = _setting(
        frozenset(), _hosts, "Comma-separated host names and networks that exports may reach besides."
    )
    file_root: Path | None = _setting(
        None, Path, "Folder under which File exports write; none refuses them, and `dev` takes one in the data folder."
    )
    worker_concurrency: int = _setting(2, _positive, "Runs that one worker process carries out at once.")
    max_open_backfills: int = _setting(10, _positive, "Backfills of one project that may be in progress at once.")
    auto_pause_failures: int = _setting(
        3, _count, "Failures among an export's latest runs that pause it; 0 never pauses one."
    )
    max_body_bytes: int = _setting(1024 * 1024, _positive, "Largest request body accepted, in bytes.")
    throttle_per_minute: int = _setting(
        480, _count, "Requests that one API key may make in a minute, whichever process answers; 0 for no limit."
    )
    throttle_per_hour: int = _setting(
        4800, _count, "Requests that one API key may make in an hour, whichever process answers; 0 for no limit."
    )
    drain_seconds: int = _setting(
        5, _count, "How long requests in flight may still take once a signal has told the server to end."
    )
    metrics_token: str | None = _setting(
        None, _token, "Bearer token that opens /metrics to others than this machine; none by default.", secret=True
    )
    worker_port: int | None = _setting(
        None, _port, "Port on which a worker answers /healthz and /metrics, 0 for a free one; none by default."
    )
    cors_origins: frozenset[str] = _setting(
        frozenset(),
        _origins,
        "Comma-separated origins whose pages may call the API from a browser, or * for any; none by default.",
    )
    log_level: str = _setting(
        "warning",
        _one_of(*LOG_LEVELS),
        "What is told on standard error: debug, info (each request too), warning or error.",
    )
    log_format: str = _setting("text", _one_of(*LOG_FORMATS), "How it is told: text, or json, an object a line.")

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

    @property
    def key_file(self) -> Path:
        """Where the encryption key lies unless it is set."""
        return self.data_dir / "secret.key"


def documentation() -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting, for the reference; an empty default is none."""
    return [(PREFIX + item.name.upper(), _shown(item.default), item.metadata["doc"]) for item in fields(Settings)]


def _shown(default: Any) -> str:
    if isinstance(default, frozenset):
        return ",".join(sorted(default))
    return "" if default in (None, ()) else str(default)


def _read(name: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise BadSetting(f"{name}: {error}.") from None
