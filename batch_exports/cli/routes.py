"""The command that lists the operations of the contract."""

import click

from batch_exports.cli import options
from batch_exports.cli.output import say, table


@click.command()
@options.as_json
def routes(as_json: bool) -> None:
    """List the operations of the contract and what answers them."""
    from batch_exports.contract.operation_spec import describe_operations
    from batch_exports.contract.resolver import HandlerResolver
    from batch_exports.contract.spec import load_spec

    columns = ("method", "path", "operation", "tag", "scopes", "handler")
    rows = []
    for each in describe_operations(load_spec(), HandlerResolver("handlers")):
        handler = f"{each.handler.__module__}:{each.handler.__name__}" if each.handler else "no handler"
        rows.append((each.method, each.path, each.id, each.tag, " ".join(each.scopes), handler))
    say([dict(zip(columns, row, strict=True)) for row in rows], table(columns, rows), as_json=as_json)
