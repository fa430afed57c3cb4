"""`batch-exports mock`, also `python -m mock_server`: serves the mock until it is told to stop."""

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8010,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--scenario", default="typical", show_default=True, help="State to begin with.")
@click.option("--seed", type=int, default=0, show_default=True, help="What identifiers are drawn from.")
@click.option("--strict", is_flag=True, help="Answer as production does: ignore the header Prefer.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def mock(host: str, port: int, scenario: str, seed: int, strict: bool, as_json: bool) -> None:  # noqa: FBT001  # flags
    """Serve a mock of the API. Production's handlers answer from fixtures, in memory."""
    # Only here: other commands of the same command line need none of it.
    from mock_server.serving import CannotServeError, serve  # noqa: PLC0415

    try:
        serve(host=host, port=port, scenario=scenario, seed=seed, strict=strict, as_json=as_json)
    except CannotServeError as error:
        raise click.UsageError(str(error)) from None
