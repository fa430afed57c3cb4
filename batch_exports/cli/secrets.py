"""Commands about the credentials that the database keeps."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from batch_exports.cli import options
from batch_exports.cli.output import say
from batch_exports.cli.worlds import need, read_settings
from batch_exports.domain.activity import Activity, ActivityKind, first_values
from batch_exports.domain.identifiers import uuid7
from batch_exports.services.journal import Journal


@click.group(no_args_is_help=False)
def secrets() -> None:
    """Stored credentials of destinations."""


@secrets.command("rotate")
@options.data_dir
@options.as_json
def rotate_secrets(data_dir: Path | None, as_json: bool) -> None:
    """Bring all credentials under the newest encryption key.

    It can be broken off and repeated, and the service may run meanwhile.
    """
    need("server")
    from batch_exports.bootstrap import cipher_of, prepare
    from batch_exports.store import seal_anew

    settings = read_settings(data_dir)
    prepare(settings)
    note = _noting(ActivityKind.SECRETS_ROTATED, "rotated_exports")
    found = seal_anew(settings.store_url, cipher_of(settings), note)
    say({"rotated": found.older}, f"Encrypted the credentials of {found.older} exports anew.", as_json=as_json)
    found.require_known()


@secrets.command("forget")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@options.data_dir
@options.as_json
def forget_secrets(data_dir: Path | None, yes: bool, as_json: bool) -> None:
    """Give up credentials that no encryption key at hand decrypts.

    For a key that is lost for good: the service starts again, and these exports wait for new credentials.
    """
    need("server")
    from batch_exports.bootstrap import cipher_of, prepare
    from batch_exports.store import forget_unreadable

    settings = read_settings(data_dir)
    if not yes:
        click.confirm("Give up all credentials that the encryption keys at hand do not decrypt?", abort=True, err=True)
    prepare(settings, any_key=True)
    note = _noting(ActivityKind.SECRETS_FORGOTTEN, "exports_without_credentials")
    count = forget_unreadable(settings.store_url, cipher_of(settings), note)
    say({"forgotten": count}, f"Gave up the credentials of {count} exports.", as_json=as_json)


def _noting(kind: ActivityKind, what: str) -> Callable[[int], Activity]:
    """What the audit log is to say of so many exports."""
    from batch_exports.bootstrap import SystemClock, operator

    journal, by = Journal(SystemClock(), uuid7), operator(os.geteuid())
    return lambda count: journal.entry(by, kind, changes=first_values(**{what: count}))
