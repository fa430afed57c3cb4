from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.cli import cli
from tests.cli.commands import command, refusal_inside
from tests.invariants.reference import commands

NAMES = [name.split()[1:] for name, _ in commands(cli, "batch-exports")]


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ("", "Missing command. See 'batch-exports --help'."),
        ("keys", "Missing command. See 'batch-exports keys --help'."),
        ("nope", "No such command 'nope'."),
        ("keys nope", "No such command 'nope'."),
        ("dev --nope", "No such option '--nope'."),
        ("dev --port", "Option '--port' requires an argument."),
        ("dev --port x", "'x' is not a valid integer range."),
        ("serve --port 65536", "65536 is not in the range"),
        ("serve surplus", "Got unexpected extra argument (surplus)"),
        ("projects create", "Missing option '--name'."),
        ("organizations create", "Missing option '--name'."),
        ("projects create --name Shop --organization 7", "'7' is not a valid UUID."),
        ("keys create --project 1", "Missing option '--scope'."),
        ("keys create --scope batch_export:read", "either projects (--project) or all of an organization"),
        (
            f"keys create --scope batch_export:read --project 1 --organization {UUID(int=7)}",
            "either projects (--project) or all of an organization",
        ),
        ("keys create --project 1 --scope batch_export:read --expires-in 1y", "'1y' is no duration such as 30m"),
        ("keys create --project 1 --scope batch_export:read --expires-at soon", "'soon' is no time such as 2030-01-31"),
        (
            "keys create --project 1 --scope batch_export:read --expires-in 1d --expires-at 2030-01-31",
            "either --expires-in or --expires-at",
        ),
        ("keys rotate", "Missing argument 'KEY'."),
        ("keys rotate phx_x --grace -1h", "'-1h' is no duration"),
        ("keys revoke", "Missing argument 'KEY'."),
        ("activity --limit 0", "0 is not in the range"),
        ("activity --export 7", "'7' is not a valid UUID."),
        ("keys create --project 1 --scope all", "'all' is not one of 'batch_export:read', 'batch_export:write'."),
        ("events load --project 1", "Missing argument 'FILES...'."),
        ("events load --project 0 pyproject.toml", "0 is not in the range"),
        ("events load --project 1 absent.jsonl", "'absent.jsonl' does not exist."),
        ("events load --project 1 tests", "'tests' is a directory."),
        ("migrate --data-dir pyproject.toml", "Directory 'pyproject.toml' is a file."),
        ("mock --scenario nope", "typical"),
    ],
)
def test_a_wrong_use_is_answered_by_one_line_that_names_it(capsys, arguments, cause):
    line = refusal_inside(capsys, *arguments.split())
    assert cause in line


@given(name=st.sampled_from(NAMES), junk=st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_text_in_place_of_an_option_breaks_the_line(capsys, name, junk):
    refusal_inside(capsys, *name, f"--no-such-{junk}")


@pytest.mark.parametrize(
    "name", ["", "organizations", "projects", "keys", "secrets", "events", *(" ".join(each) for each in NAMES)]
)
def test_help_is_there_for_every_command_and_fits_a_wide_terminal(name):
    done = command(*name.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: batch-exports {name}".rstrip())
    assert max(map(len, done.stdout.splitlines())) <= 120
    assert "..." not in done.stdout.replace("FILES...", "").replace("[OPERATION...]", "").replace("[ARGS]...", "")


def test_the_version_is_told():
    assert command("--version").stdout.startswith("batch-exports, version ")
