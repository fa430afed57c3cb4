"""The destination types, which of their settings are secret, and the rules between settings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from batch_exports.domain.errors import Invalid, PermanentFailure

SECRET_KEYS: Mapping[str, frozenset[str]] = {
    "S3": frozenset({"aws_access_key_id", "aws_secret_access_key"}),
    "Snowflake": frozenset({"user", "password", "private_key", "private_key_passphrase"}),
    "Postgres": frozenset({"user", "password"}),
    "Redshift": frozenset({"user", "password"}),
    "BigQuery": frozenset({"private_key", "private_key_id", "client_email", "token_uri"}),
    "Databricks": frozenset({"client_id", "client_secret"}),
    "AzureBlob": frozenset({"connection_string"}),
    "HTTP": frozenset({"token"}),
    "NoOp": frozenset(),
    "File": frozenset(),
}
"""Credentials per destination type: never in a response, encrypted where stored."""

NESTED_SECRET_KEYS = frozenset({"aws_access_key_id", "aws_secret_access_key"})
"""What is a credential wherever it stands inside a setting."""

COMPRESSIONS: Mapping[str, tuple[str, ...]] = {
    "Parquet": ("zstd", "lz4", "snappy", "gzip", "brotli"),
    "JSONLines": ("gzip", "brotli"),
}
"""What each file format can be compressed with; None (no compression) always works."""

_FIXED_SETTINGS: Mapping[str, Mapping[str, Any]] = {"BigQuery": {"use_json_type": False}}
"""Settings that stay as they were created, with their defaults."""

FILE_DESTINATIONS = frozenset({"S3", "AzureBlob", "File"})


class CheckStatus(StrEnum):
    """How a connection check ended."""

    PASSED = "Passed"
    FAILED = "Failed"
    SKIPPED = "Skipped"


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """One check of a destination's settings, and its result once it ran."""

    name: str
    description: str
    status: CheckStatus | None = None
    message: str | None = None


_NO_WRITER = ConnectionCheck("Destination available", "Check that this service can write to the destination type.")

CONNECTION_CHECKS: Mapping[str, tuple[ConnectionCheck, ...]] = {
    "S3": (
        ConnectionCheck("Reach the endpoint", "Check that the endpoint may be reached and answers."),
        ConnectionCheck("Bucket exists", "Check that the bucket exists and that the credentials may list it."),
        ConnectionCheck("Write and delete an object", "Write a small object under the prefix, and delete it again."),
    ),
    "File": (
        ConnectionCheck("Folder is writable", "Check that the folder exists or can be made, and can be written to."),
    ),
    "NoOp": (ConnectionCheck("Nothing to check", "A NoOp export reads rows and writes them nowhere."),),
}
"""The connection checks of each type that has a writer, in their order."""


def connection_checks(kind: str) -> tuple[ConnectionCheck, ...]:
    """The connection checks of a destination type; the one step of a type without a writer will be skipped."""
    return CONNECTION_CHECKS.get(kind, (_NO_WRITER,))


def no_writer(kind: str) -> PermanentFailure:
    """The failure of a run to a destination type that is accepted, but cannot be written to yet."""
    return PermanentFailure(
        f"This service cannot write to {kind} destinations yet; the types that it can write to are "
        f"{', '.join(sorted(CONNECTION_CHECKS))}."
    )


def split_secrets(secret: Collection[str], settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings without and with only their credentials, by the keys of these; one that is null counts as not given."""
    plain: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for key, value in settings.items():
        if key in secret:
            if value is not None:
                secrets[key] = value
        elif isinstance(value, dict):
            plain[key], inner = split_secrets(NESTED_SECRET_KEYS, value)
            if inner:
                secrets[key] = inner
        else:
            plain[key] = value
    return plain, secrets


def merged(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """`sent` deeply merged into `stored`: objects are merged, anything else (null too) replaces what was there."""
    result = dict(stored)
    for key, value in sent.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def leaves(prefix: str, settings: Mapping[str, Any], separator: str) -> dict[str, Any]:
    """The settings that are no objects, those inside of objects too, by their paths."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        path = f"{prefix}{name}"
        found |= leaves(f"{path}{separator}", value, separator) if isinstance(value, dict) else {path: value}
    return found


def check_config(kind: str, model: str, config: Mapping[str, Any]) -> None:
    """Check the rules between settings that a schema cannot state; raises Invalid."""
    if kind in FILE_DESTINATIONS:
        _check_compression(config)
    if kind == "Snowflake":
        _check_snowflake_credentials(config)
    if kind == "Redshift" and config.get("mode") == "COPY" and not config.get("copy_inputs"):
        raise Invalid("Missing required inputs for 'COPY'", attr="destination")
    if kind == "HTTP" and model != "events":
        raise Invalid("HTTP batch exports only support the events model", attr="destination")


def check_fixed_settings(kind: str, stored: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Check that a change leaves alone what the columns of an existing table depend on; raises Invalid."""
    for setting, default in _FIXED_SETTINGS.get(kind, {}).items():
        if stored.get(setting, default) != config.get(setting, default):
            raise Invalid(
                f"Changing '{setting}' is not supported. Create a new batch export instead.",
                attr=f"destination__config__{setting}",
            )


def _check_compression(config: Mapping[str, Any]) -> None:
    file_format = config.get("file_format") or "JSONLines"
    compression = config.get("compression")
    supported = list(COMPRESSIONS[file_format])
    if compression is not None and compression not in supported:
        raise Invalid(
            f"Compression {compression} is not supported for file format {file_format}. "
            f"Supported compressions are {supported}",
            attr="destination__config__compression",
        )


def _check_snowflake_credentials(config: Mapping[str, Any]) -> None:
    if config.get("authentication_type") == "keypair":
        if not config.get("private_key"):
            raise Invalid("Private key is required if authentication type is key pair", attr="destination")
    elif not config.get("password"):
        raise Invalid("Password is required if authentication type is password", attr="destination")
