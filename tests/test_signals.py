import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import time
import batch_exports.signals as signals

signals.PATIENCE_SECONDS = 0.5
{begin}
is_ready = False
while True:
    try:
        if not is_ready:
            is_ready = True
            print("ready", flush=True)
        time.sleep(30)
    except SystemExit:
        print("unwinding", flush=True)
        {then}
"""


def end_of(begin, then, number):
    """The exit code of a program after a signal, and what it said."""
    program = PROGRAM.format(begin=begin, then=then)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        begun = time.monotonic()
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
        assert time.monotonic() - begun < 10
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_unwinds_with_the_shell_s_code(number):
    assert end_of("signals.unwind_on_signal()", "raise", number) == (128 + number, "unwinding\n")


def test_what_does_not_unwind_is_ended():
    assert end_of("signals.unwind_on_signal()", "continue", signal.SIGTERM) == (143, "unwinding\n")


def test_what_fails_and_does_not_end_is_ended():
    assert end_of("signals.break_off(1)", "raise", signal.SIGTERM) == (1, "")


def test_work_that_does_not_stop_is_ended_and_counts_as_stopped():
    assert end_of("signals.stop_on_signal(lambda: None)", "raise", signal.SIGTERM) == (0, "")


def test_work_is_asked_to_stop():
    stop = "signals.stop_on_signal(lambda: print('stopping', flush=True))"
    assert end_of(stop, "raise", signal.SIGINT) == (0, "stopping\n")
