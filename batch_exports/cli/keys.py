"""Commands about API keys."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table
from batch_exports.cli.worlds import in_world
from batch_exports.domain.keys import SCOPES, ApiKey

_COLUMNS = ("id", "prefix", "label", "scopes", "projects", "created", "last used", "expires", "revoked", "replaced by")


@click.group(no_args_is_help=False)
def keys() -> None:
    """API keys."""


@keys.command("create")
@click.option("--project", "projects", type=options.PROJECT, multiple=True, help="A project that the key opens.")
@click.option(
    "--organization", type=click.UUID, metavar="ID", help="Whose projects it opens, also later ones, instead of some."
)
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), required=True, help="What it may do.")
@click.option("--label", default="", help="What it is for.")
@options.expires_in
@options.expires_at
@options.data_dir
@options.as_json
def create_key(
    projects: tuple[int, ...],
    organization: UUID | None,
    scopes: tuple[str, ...],
    label: str,
    expires_in: timedelta | None,
    expires_at: datetime | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make a key; it is shown this once and stored as a hash."""
    if bool(projects) == bool(organization):
        raise click.UsageError("A key opens either projects (--project) or all of an organization (--organization).")
    limits: dict[str, Any] = {"organization_id": organization, "expires_at": _end(expires_in, expires_at)}
    issued = in_world(data_dir, lambda world: world.services.access.create_key(projects, scopes, label, **limits))
    _say_issued(*issued, as_json=as_json)


@keys.command("list")
@click.option("--project", type=options.PROJECT, help="Only keys that open this project.")
@options.data_dir
@options.as_json
def list_keys(project: int | None, data_dir: Path | None, as_json: bool) -> None:
    """List keys, oldest first, also those that have ended."""
    found, used = in_world(data_dir, lambda world: world.services.access.keys(project))
    text = table(_COLUMNS, [_row(key, used.get(key.id)) for key in found])
    say([_as_data(key) | {"last_used_at": used.get(key.id)} for key in found], text, as_json=as_json)


@keys.command("rotate")
@click.argument("reference", metavar="KEY")
@click.option(
    "--grace",
    callback=options.as_duration,
    metavar="DURATION",
    default="24h",
    show_default=True,
    help="How long the old key goes on.",
)
@options.expires_in
@options.expires_at
@options.data_dir
@options.as_json
def rotate_key(
    reference: str,
    grace: timedelta,
    expires_in: timedelta | None,
    expires_at: datetime | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Replace a key by one with the same rights.

    KEY is its id or its prefix. The new key ends when the old one would have, unless told otherwise.
    """
    end = _end(expires_in, expires_at)
    issued = in_world(data_dir, lambda world: world.services.access.rotate_key(reference, grace, expires_at=end))
    _say_issued(*issued, as_json=as_json)


@keys.command("revoke")
@click.argument("reference", metavar="KEY")
@options.data_dir
@options.as_json
def revoke_key(reference: str, data_dir: Path | None, as_json: bool) -> None:
    """End a key at once.

    KEY is its id, its prefix, or the key itself.
    """
    key = in_world(data_dir, lambda world: world.services.access.revoke_key(reference))
    say(_as_data(key), f"Revoked key {key.prefix or key.id}.", as_json=as_json)


def _end(expires_in: timedelta | None, expires_at: datetime | None) -> datetime | None:
    if expires_in is not None and expires_at is not None:
        raise click.UsageError("A key expires either --expires-in or --expires-at.")
    return expires_at if expires_in is None else datetime.now(UTC) + expires_in


def _say_issued(key: str, record: ApiKey, *, as_json: bool) -> None:
    say({"key": key, **_as_data(record)}, key, as_json=as_json)


def _as_data(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "organization_id": key.organization_id,
        "project_ids": None if key.project_ids is None else sorted(key.project_ids),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "replaced_by": key.replaced_by,
    }


def _row(key: ApiKey, used: datetime | None) -> Sequence[Any]:
    projects = f"all of {key.organization_id}" if key.project_ids is None else sorted(key.project_ids)
    rights = (key.id, key.prefix, key.label, sorted(key.scopes), projects)
    return (*rights, key.created_at, used, key.expires_at, key.revoked_at, key.replaced_by)
