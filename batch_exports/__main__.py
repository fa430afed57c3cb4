"""Where the command begins: while the rest is still being loaded, Ctrl-C ends the process without a word."""

import signal


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from batch_exports.cli import main as run  # noqa: PLC0415  # after the line above, which is what it is for

    run()


if __name__ == "__main__":
    main()
