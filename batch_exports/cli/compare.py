"""The command that tells whether a change of the contract breaks clients."""

from pathlib import Path

import click

_FORMATS = ("text", "json", "markdown", "github")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("base", required=False)
@click.argument("revision", required=False)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to tell.")
@click.option(
    "--announced", is_flag=True, help="Pass if the version and the changelog announce all changes, also breaking ones."
)
@click.option("--release", is_flag=True, help="File the contract as released, if it announces its changes.")
@click.option("--releases", type=_FOLDER, help="Folder of the released contracts; beside the contract by default.")
@click.option(
    "--changelog", type=_FILE, default="CHANGELOG.md", show_default=True, help="What announces changes to people."
)
def compare(
    base: str | None,
    revision: str | None,
    form: str,
    announced: bool,
    release: bool,
    releases: Path | None,
    changelog: Path,
) -> int:
    """Tell whether a change of the contract breaks clients.

    Every change from BASE to REVISION is told, with whom it breaks and what to do instead. Each of the two is a file,
    REV or REV:PATH of git. Without them, the last release is compared with the contract.
    The exit code is 0 if clients can stay as they are, 1 if not, and 2 if the question was wrong.
    """
    from batch_exports.compatibility.judgement import judge
    from batch_exports.compatibility.releases import file_release, find_releases
    from batch_exports.compatibility.rendering import FORMATS
    from batch_exports.contract.spec import load_spec

    if release and base is not None:
        raise click.UsageError("A release is judged against the last one: leave out BASE and REVISION, or --release.")
    folder = releases or find_releases()
    report = judge(base, revision, folder, changelog if announced or release else None)
    click.echo(FORMATS[form](report))
    if release and report.passes:
        click.echo(f"Filed as {file_release(folder, load_spec())}", err=form != "text")
    return 0 if report.passes else 1
