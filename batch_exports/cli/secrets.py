"""Commands about the credentials that the database keeps."""

import os
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
    from batch_exports.bootstrap import SystemClock, cipher_of, operator, prepare
    from batch_exports.store import seal_anew

    journal, by = Journal(SystemClock(), uuid7), operator(os.geteuid())

    def note(count: int) -> Activity:
        return journal.entry(by, ActivityKind.SECRETS_ROTATED, changes=first_values(rotated_exports=count))

    settings = read_settings(data_dir)
    prepare(settings)
    found = seal_anew(settings.store_url, cipher_of(settings), note)
    say({"rotated": found.older}, f"Encrypted the credentials of {found.older} exports anew.", as_json=as_json)
    found.require_known()
