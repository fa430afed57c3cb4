"""The command that proves a deployment keeps the contract."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from batch_exports.cli.contract_progress import broken_off_by_signals, showing_progress
from batch_exports.cli.output import table
from batch_exports.cli.worlds import need

if TYPE_CHECKING:
    from batch_exports.conformance.result import Result
    from batch_exports.conformance.target import Target

_FILE = click.Path(path_type=Path, dir_okay=False)
_NAMES = {"junit": "junit.xml", "har": "requests.har", "html": "report.html", "json": "result.json"}

_BROKEN_OFF = 130
"""As shells tell of Ctrl-C."""


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
@click.option("--keep", is_flag=True, help="Delete nothing, so that the curl lines of failures show them again.")
@click.option("--report-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder for every report.")
@click.option("--report-junit", type=_FILE, help="File for a report in JUnit's XML.")
@click.option("--report-har", type=_FILE, help="File for every request and answer, as HTTP Archive.")
@click.option("--report-html", type=_FILE, help="File for a page to read.")
@click.option("--report-json", type=_FILE, help="File for the result and its coverage of the contract.")
def contract(
    url: str | None,
    key: str | None,
    other_key: str | None,
    read_key: str | None,
    profile: str,
    seed: int,
    keep: bool,
    **files: Any,
) -> int:
    """Prove that a deployment keeps the contract.

    It may be a mock, production, or what somebody else has built; it is asked over HTTP alone.

    Exit code 0: kept. 1: broken. 2: the deployment could not be asked. 130: broken off, as by Ctrl-C.
    """
    need("contract")
    from batch_exports.conformance.profiles import PROFILES
    from batch_exports.conformance.run import BrokenOffError, run_contract
    from batch_exports.conformance.target import CannotRunError

    paths = _paths(files)
    try:
        with ExitStack() as stack:
            stack.enter_context(broken_off_by_signals())
            target = stack.enter_context(_target(url, key, other_key, read_key))
            note = stack.enter_context(_archive(paths.get("har"), target))
            tell = stack.enter_context(showing_progress())
            result = run_contract(target, PROFILES[profile], seed, note=note, tell=tell, keep=keep)
    except CannotRunError as error:
        raise click.ClickException(str(error)) from None
    except BrokenOffError as error:
        click.echo(f"batch-exports: {error}", err=True)
        return _BROKEN_OFF
    _write(result, paths, target)
    click.echo(target.hide_keys(_text(result)))
    return 0 if result.kept else 1


@contextmanager
def _target(url: str | None, key: str | None, other_key: str | None, read_key: str | None) -> "Iterator[Target]":
    from batch_exports.conformance.own_mock import own_mock
    from batch_exports.conformance.target import Target

    if url is None:
        if click.get_current_context().get_parameter_source("key") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--key needs --url: the mock that is started without it has its own keys.")
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
        # Now, and not when the run is over.
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise click.ClickException(f"No report can be written to {path}: {error.strerror}.") from None
    return paths


@contextmanager
def _archive(path: Path | None, target: "Target") -> Iterator[Callable[[Any], None]]:
    from batch_exports.conformance.reports.har import HarFile

    if path is None:
        yield lambda _: None
        return
    with HarFile(path, target.hide_keys) as har:
        yield har.note


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
    blocks = [_failure(each) for each in result.failures]
    blocks.append(table(("coverage", "met", "of"), totals))
    if gaps := result.gaps():
        blocks.append(table(("operation", "statuses not met", "parameters"), gaps))
    blocks += ["\n".join(f"not proven: {each}" for each in result.unproven)] if result.unproven else []
    blocks += [f"not deleted: {' '.join(result.left)}"] if result.left else []
    verdict = "kept" if result.kept else f"broken in {len(result.failures)} ways"
    blocks.append(
        f"The contract is {verdict}: {result.coverage.requests} requests in {result.seconds:.0f} s.\n"
        f"Again: {result.command}{'' if result.kept else _KEEP}"
    )
    return "\n\n".join(blocks)


_KEEP = "\nWith --keep, what its curl lines ask for stays there."


def _failure(failure: Any) -> str:
    lines = [f"{failure.part}: {failure.operation or 'programs'}: {failure.title}", failure.detail, failure.curl]
    return "\n  ".join(line.replace("\n", "\n  ") for line in lines if line)
