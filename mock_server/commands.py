"""What `batch-exports mock` does besides serving: it checks fixtures, lists operations and shows scenarios."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mock_server.documents import Document

PATHS = click.Path(exists=True, path_type=Path)
_COUNT = click.IntRange(1)
_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"])


@click.command()
@click.argument("paths", nargs=-1, type=PATHS, metavar="[FILES...]")
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...]) -> None:
    """Check fixtures and the shipped scenarios, as at the start."""
    from mock_server.checking import check_fixtures  # noqa: PLC0415  # as each command, only what it needs

    problems = 0
    for result in check_fixtures(paths):
        problems += result.problem is not None
        click.echo(result.text, err=result.problem is not None)
    context.exit(2 if problems else 0)


@click.command()
def routes() -> None:
    """List the operations that are mocked, and what answers them."""
    from batch_exports.contract.operation_spec import describe_operations  # noqa: PLC0415
    from batch_exports.contract.resolver import HandlerResolver  # noqa: PLC0415
    from batch_exports.contract.spec import load_spec  # noqa: PLC0415

    rows = []
    for each in describe_operations(load_spec(), HandlerResolver("handlers")):
        handler = f"{each.handler.__module__}:{each.handler.__name__}" if each.handler else "example of the contract"
        rows.append((each.id, f"{each.method} {each.path}", handler))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


@click.command()
@click.option("--upstream", metavar="URL", required=True, help="Service to record, of the same contract.")
@click.option(
    "--key", envvar="MOCK_UPSTREAM_KEY", show_envvar=True, required=True, help="Key that may read its exports."
)
@click.option("--project", type=_COUNT, required=True, help="Project to record; in the fixture it is project 1.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write, as NAME.yaml or NAME.json; the scenario is called NAME.",
)
@click.option("--exports", type=_COUNT, default=100, show_default=True, help="Exports at most, the newest ones.")
@click.option("--runs", type=click.IntRange(0), default=1000, show_default=True, help="Runs of each export at most.")
@click.option("--keep-names", is_flag=True, help="Keep names, hosts, accounts and paths as they are.")
@click.option("--new-ids", is_flag=True, help="Replace all ids by others.")
@click.option("--now", type=_MOMENT, help="Time at the service, if it is not what its answers are dated.")
def record(out: Path, **options: Any) -> None:
    """Record what a service shows of a project as a fixture."""
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.upstream.reader import RecordError  # noqa: PLC0415
    from mock_server.upstream.recorder import record_fixture  # noqa: PLC0415
    from mock_server.upstream.target import UpstreamError  # noqa: PLC0415

    try:
        click.echo(record_fixture(out, lambda text: click.echo(text, err=True), **options))
    except (UpstreamError, RecordError, FixtureError) as error:
        raise click.UsageError(str(error)) from None


@click.group()
def export() -> None:
    """Print what can be kept and used elsewhere."""


@export.command()
@click.argument("scenario")
@click.option("--fixtures", type=PATHS, multiple=True, help="File or folder of scenarios of your own; repeatable.")
def fixture(scenario: str, fixtures: tuple[Path, ...]) -> None:
    """Print a scenario as a file to begin your own with, without what it extends."""
    from mock_server.documents import FixtureError  # noqa: PLC0415
    from mock_server.library import Library, UnknownScenarioError  # noqa: PLC0415

    library = Library(fixtures)
    try:
        library.load(lambda _: None)
        document = library.read(scenario)
    except (FixtureError, UnknownScenarioError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(_yaml(document), nl=False)


def _yaml(document: "Document") -> str:
    import yaml  # noqa: PLC0415

    class Plain(yaml.CSafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # each part is to be changed alone
            return True

    text: str = yaml.dump(document.data, Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)
    return text
