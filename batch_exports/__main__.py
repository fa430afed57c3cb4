"""Where the command begins: while the rest is still being loaded, Ctrl-C ends the process without a word."""

import gc
import signal

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What a start makes stays: to look through it for garbage as often as usual is a tenth of the start.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from batch_exports.cli import main as run  # noqa: PLC0415  # after the line above, which is what it is for

    run()


if __name__ == "__main__":
    main()
