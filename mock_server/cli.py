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
@click.option(
    "--max-open-backfills",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Backfills of one project that may be in progress at once.",
)
@click.option(
    "--throttle-per-minute",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Requests that one key may make in a minute; 0 for no limit.",
)
@click.option(
    "--throttle-per-hour",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Requests that one key may make in an hour; 0 for no limit.",
)
@click.option("--strict", is_flag=True, help="Answer as production does: ignore the header Prefer.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def mock(
    host: str,
    port: int,
    scenario: str,
    seed: int,
    max_open_backfills: int,
    throttle_per_minute: int,
    throttle_per_hour: int,
    strict: bool,  # noqa: FBT001  # a flag
    as_json: bool,  # noqa: FBT001  # a flag
) -> None:
    """Serve a mock of the API. Production's handlers answer from fixtures, in memory."""
    # Only here: other commands of the same command line need none of it.
    from mock_server.serving import CannotServeError, serve  # noqa: PLC0415

    try:
        serve(
            host=host,
            port=port,
            scenario=scenario,
            seed=seed,
            max_open_backfills=max_open_backfills,
            throttle_per_minute=throttle_per_minute,
            throttle_per_hour=throttle_per_hour,
            strict=strict,
            as_json=as_json,
        )
    except CannotServeError as error:
        raise click.UsageError(str(error)) from None
