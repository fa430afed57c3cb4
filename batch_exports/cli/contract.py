"""The command that proves a deployment keeps the contract."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_exports.cli.output import table
from batch_exports.cli.worlds import need

if TYPE_CHECKING:
    from batch_exports.conformance.result import Result
    from batch_exports.conformance.target import Target

_FILE = click.Path(path_type=Path, dir_okay=False)
_NAMES = {"junit": "junit.xml", "har": "requests.har", "html": "report.html", "json": "result.json"}


@click.command()
@click.option("--url", help="Address of the deployment, without a path; by default a mock is started.")
@click.option(
    "--key",
    envvar="BATCH_EXPORTS_CONTRACT_KEY",
    show_envvar=True,
    help="API key of a project in which a run may make exports; it deletes them again.",
)
@click.option(
    "--other-key",
    envvar="BATCH_EXPORTS_CONTRACT_OTHER_KEY",
    show_envvar=True,
    help="Key of another project: the two must not see each other.",
)
@click.option(
    "--read-key",
    envvar="BATCH_EXPORTS_CONTRACT_READ_KEY",
    show_envvar=True,
    help="Key of the first project that may only read: it must not write.",
)
@click.option(
    "--profile",
    type=click.Choice(["quick", "deep", "read-only"]),
    default="quick",
    show_default=True,
    help="How far the run goes; read-only sends nothing but GET.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="What requests are drawn from.")
@click.option("--report-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder for every report.")
@click.option("--report-junit", type=_FILE, help="File for a report in JUnit's XML.")
@click.option("--report-har", type=_FILE, help="File for every request and answer, as HTTP Archive.")
@click.option("--report-html", type=_FILE, help="File for a page to read.")
@click.option("--report-json", type=_FILE, help="File for the result and its coverage of the contract.")
def contract(
    url: str | None, key: str | None, other_key: str | None, read_key: str | None, profile: str, seed: int, **files: Any
) -> int:
    """Prove that a deployment keeps the contract.

    It may be a mock, production, or what somebody else has built; it is asked over HTTP alone.

    Exit code 0: kept. 1: broken. 2: the deployment could not be asked.
    """
    need("contract")
    from batch_exports.conformance.profiles import PROFILES
    from batch_exports.conformance.run import run_contract
    from batch_exports.conformance.target import CannotRunError

    paths = _paths(files)
    try:
        with ExitStack() as stack:
            target = stack.enter_context(_target(url, key, other_key, read_key))
            note = stack.enter_context(_archive(paths.get("har"), target))
            tell = stack.enter_context(_progress())
            result = run_contract(target, PROFILES[profile], seed, note=note, tell=tell)
    except CannotRunError as error:
        raise click.ClickException(str(error)) from None
    _write(result, paths, target)
    click.echo(target.hide_keys(_text(result)))
    return 0 if result.kept else 1


@contextmanager
def _target(url: str | None, key: str | None, other_key: str | None, read_key: str | None) -> "Iterator[Target]":
    from batch_exports.conformance.own_mock import own_mock
    from batch_exports.conformance.target import Target

    if url is None:
        with own_mock() as target:
            yield target
        return
    if not key:
        raise click.UsageError("--url needs --key, or the key in BATCH_EXPORTS_CONTRACT_KEY.")
    yield Target(url.rstrip("/"), key, other_key, read_key)


def _paths(files: dict[str, Path | None]) -> dict[str, Path]:
    folder = files.pop("report_dir")
    named = {name.removeprefix("report_"): path for name, path in files.items() if path}
    inside = {kind: folder / name for kind, name in _NAMES.items()} if folder else {}
    paths = inside | named
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


@contextmanager
def _archive(path: Path | None, target: "Target") -> Iterator[Callable[[Any], None]]:
    from batch_exports.conformance.reports.har import HarFile

    if path is None:
        yield lambda _: None
        return
    with HarFile(path, target.hide_keys) as har:
        yield har.note


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line that goes on in a terminal; elsewhere a line for each part."""
    parts: list[str] = []
    is_terminal = sys.stderr.isatty()

    def tell(part: str, requests: int) -> None:
        if part not in parts:
            parts.append(part)
            if not is_terminal:
                click.echo(f"{part} ...", err=True)
        if is_terminal:
            bar = "#" * len(parts) + "." * (_PARTS - len(parts))
            click.echo(f"\r\033[K[{bar}] {part}: {requests} requests", err=True, nl=False)

    yield tell
    if is_terminal:
        click.echo("\r\033[K", err=True, nl=False)


_PARTS = 7
"""Authorization, four phases of generated requests, the model, and clearing up."""


def _write(result: "Result", paths: dict[str, Path], target: "Target") -> None:
    from batch_exports.conformance.reports.junit import junit
    from batch_exports.conformance.reports.page import page

    texts: dict[str, Callable[[], str]] = {
        "junit": lambda: junit(result),
        "html": lambda: page(result),
        "json": lambda: json.dumps(result.as_json(), indent=2) + "\n",
    }
    for kind, text in texts.items():
        if kind in paths:
            paths[kind].write_text(target.hide_keys(text()), encoding="utf-8")


def _text(result: "Result") -> str:
    """What a person wants to know of a result."""
    totals = [(noun, met, of) for noun, (met, of) in result.coverage.totals().items()]
    gaps = [row for row in map(_gaps, result.coverage.rows()) if row[1] or row[2]]
    blocks = [_failure(each) for each in result.failures]
    blocks += [table(("coverage", "met", "of"), totals), table(("operation", "statuses not met", "parameters"), gaps)]
    blocks += ["\n".join(f"not proven: {each}" for each in result.unproven)] if result.unproven else []
    blocks += [f"not deleted: {' '.join(result.left)}"] if result.left else []
    verdict = "kept" if result.kept else f"broken in {len(result.failures)} ways"
    blocks.append(
        f"The contract is {verdict}: {result.coverage.requests} requests in {result.seconds:.0f} s.\n"
        f"Again: {result.command}"
    )
    return "\n\n".join(blocks)


_UNPROVABLE = {"429", "500"}
"""No run brings these about; the result names them once."""


def _gaps(row: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    statuses = [each for each in row["statuses"]["gaps"] if each not in _UNPROVABLE]
    return row["operation"], statuses, row["parameters"]["gaps"]


def _failure(failure: Any) -> str:
    lines = [f"{failure.part}: {failure.operation or 'programs'}: {failure.title}", failure.detail, failure.curl]
    return "\n  ".join(line.replace("\n", "\n  ") for line in lines if line)
