"""Commands as the tests of the command line run them: in a process of their own, or inside the test's."""

import json
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from batch_exports.cli import run
from tests.service import COMMAND


def command(*arguments, **environment):
    """A command run to its end, with these `BATCH_EXPORTS_` variables and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BATCH_EXPORTS_")}
    settings = {f"BATCH_EXPORTS_{name.upper()}": str(value) for name, value in environment.items()}
    return subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=clean | settings, check=False
    )


def said(*arguments, **environment):
    """What a command that succeeds says as JSON."""
    done = command(*arguments, "--json", **environment)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def refusal(*arguments, **environment):
    """The one line that a wrong use is answered by."""
    done = command(*arguments, **environment)
    assert (done.returncode, done.stdout) == (2, ""), done
    return one_line(done.stderr)


def refusal_inside(capsys, *arguments):
    """The same without a process of its own, for uses that are refused before anything is done."""
    assert run(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return one_line(said.err)


def said_inside(*arguments):
    """What a command that succeeds says, without a process of its own."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run([*map(str, arguments)])
    assert (code, err.getvalue()) == (0, "")
    return out.getvalue()


def one_line(text):
    assert text.startswith("batch-exports: ")
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1, text
    return text.removeprefix("batch-exports: ").strip()
