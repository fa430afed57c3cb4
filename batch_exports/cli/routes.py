"""The command that lists the operations of the contract."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table

if TYPE_CHECKING:
    from batch_exports.contract.operation_spec import OperationSpec

_LISTS = ("scopes", "tests", "examples", "scenarios")
_WORD = re.compile(r"\w+")
_COUNTED = ("tests", "examples", "scenarios")


@click.command()
@click.argument("operations", nargs=-1, metavar="[OPERATION...]")
@options.as_json
def routes(operations: tuple[str, ...], as_json: bool) -> None:
    """List the operations, and what answers and shows them.

    The table counts tests, examples and scenarios; name operations to see all of them. Tests are the files that name
    the operation, in a checkout; scenarios are those of the mock that have the noun of its tag.
    """
    from batch_exports.contract.operation_spec import describe_operations
    from batch_exports.contract.resolver import HandlerResolver
    from batch_exports.contract.spec import load_spec
    from mock_server.operations import Operations, UnknownOperationError

    found = Operations(describe_operations(load_spec(), HandlerResolver("handlers")))
    try:
        chosen = found.choose(operations) or found.ids
    except UnknownOperationError as error:
        raise click.UsageError(str(error)) from None
    tests, scenarios = _tests(), _scenarios()
    rows = [_row(each, tests, scenarios) for each in found if each.id in chosen]
    say(rows, "\n\n".join(map(_in_full, rows)) if operations else _overview(rows), as_json=as_json)


def _row(
    operation: "OperationSpec", tests: Mapping[str, Collection[str]] | None, scenarios: Mapping[str, Any]
) -> dict[str, Any]:
    handler = operation.handler
    row: dict[str, Any] = {
        "method": operation.method,
        "path": operation.path,
        "operation": operation.id,
        "tag": operation.tag,
        "scopes": operation.scopes,
        "handler": f"{handler.__module__}:{handler.__name__}" if handler else "unimplemented",
    }
    if tests is not None:
        row["tests"] = [path for path, words in tests.items() if operation.id in words]
    nouns = (operation.tag, operation.tag.removesuffix("s"))
    row["examples"] = list(operation.examples(operation.success_status))
    row["scenarios"] = [name for name, data in scenarios.items() if _has(data, nouns)]
    return row


def _tests() -> Mapping[str, Collection[str]] | None:
    """The words of each test file by its path; None where there are no tests."""
    from batch_exports.contract.spec import SpecError
    from batch_exports.stubs.checkout import find_checkout

    with suppress(SpecError):
        root = find_checkout()
        files = sorted(path for path in (root / "tests").rglob("*") if path.suffix in {".py", ".ts"})
        return {path.relative_to(root).as_posix(): set(_WORD.findall(path.read_text())) for path in files} or None
    return None


def _scenarios() -> Mapping[str, Any]:
    from mock_server.library import Library

    library = Library()
    return {name: library.read(name).data for name in library.names}


def _has(data: Any, nouns: Collection[str]) -> bool:
    """Whether something is given under one of these names."""
    if isinstance(data, Mapping):
        return any((name in nouns and bool(each)) or _has(each, nouns) for name, each in data.items())
    return isinstance(data, list) and any(_has(each, nouns) for each in data)


def _overview(rows: Collection[Mapping[str, Any]]) -> str:
    columns = list(next(iter(rows), ()))
    return table(columns, [[len(row[name]) if name in _COUNTED else row[name] for name in columns] for row in rows])


def _in_full(row: Mapping[str, Any]) -> str:
    return "\n".join([f"{row['method']} {row['path']}", *_lines(row)])


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if name not in {"method", "path"}:
            text = ", ".join(value) if name in _LISTS else value
            yield f"  {name:<9}  {text}".rstrip()
