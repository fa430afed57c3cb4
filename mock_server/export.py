"""`batch-exports mock export msw`: handlers for front-end tests that run without a mock beside them."""

from pathlib import Path

import click

_COUNT = click.IntRange(1)


@click.command()
@click.option("--url", default="http://127.0.0.1:8010", show_default=True, help="The mock that requests go on to.")
@click.option("--world", default="default", show_default=True, help="The world that they are for.")
@click.option("--frozen", metavar="SCENARIO", help="Answer reads as this scenario does, without a mock.")
@click.option(
    "--fixtures",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="File or folder of scenarios of your own; repeatable.",
)
@click.option(
    "--pages", type=_COUNT, default=1, show_default=True, help="With --frozen: pages after which a list ends."
)
def msw(url: str, world: str, frozen: str | None, fixtures: tuple[Path, ...], pages: int) -> None:
    """Print handlers for Mock Service Worker: a module that is JavaScript, and TypeScript as well."""
    from mock_server.documents import FixtureError  # noqa: PLC0415  # as each command, only what it needs
    from mock_server.library import Library, UnknownScenarioError  # noqa: PLC0415
    from mock_server.msw import frozen_handlers, thin_handlers  # noqa: PLC0415

    if frozen is None:
        click.echo(thin_handlers(url, world), nl=False)
        return
    try:
        text = frozen_handlers(frozen, Library(fixtures), pages=pages)
    except (FixtureError, UnknownScenarioError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(text, nl=False)
