"""The command that carries an edit of the contract to the handlers."""

import click

from batch_exports.cli import options
from batch_exports.cli.output import say


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if there is anything to do.")
@options.as_json
@click.pass_context
def stubs(context: click.Context, only_check: bool, as_json: bool) -> None:
    """Write the handlers that the contract asks for.

    Those that have drifted from it are told.

    A new handler is a stub: production answers 501 until it is filled, the mock with the contract's example. Code that
    exists is not touched. Exit 1 if a handler does not fit its operation.
    """
    from batch_exports.stubs.checkout import find_checkout
    from batch_exports.stubs.plan import plan

    root = find_checkout()
    found = plan(root)
    if not only_check:
        found.carry_out()
    written = {str(path.relative_to(root)): list(found.stubs.get(path, ())) for path in found.texts}
    verb = "to write" if only_check else "wrote"
    lines = [f"{verb}: {path}: {', '.join(ids) or 'types of request bodies'}" for path, ids in written.items()]
    lines += [f"drift: {each}" for each in found.drift]
    data = {"written" if not only_check else "to_write": written, "drift": found.drift}
    say(data, "\n".join(lines) or "The handlers are as the contract has them.", as_json=as_json)
    context.exit(1 if found.drift or (only_check and not found.is_empty) else 0)
