"""What the command says to whom it cannot serve: one line, exit code 2."""

import socket

import pytest

from batch_exports.cli import run
from mock_server.personas import KEYS


def refused(capsys, *arguments):
    assert run(["contract", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert not [key for key in KEYS.values() if key in printed.err]
    return printed.err.splitlines()[-1]


def free_address():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_an_address_without_a_key_is_refused(capsys, monkeypatch):
    monkeypatch.delenv("BATCH_EXPORTS_CONTRACT_KEY", raising=False)
    assert "--url needs --key" in refused(capsys, "--url", free_address())


@pytest.mark.parametrize("make_address", [free_address, lambda: "nonsense", lambda: "http://[::1"])
def test_an_address_where_nobody_answers_is_refused(capsys, make_address):
    assert "cannot be reached" in refused(capsys, "--url", make_address(), "--key", KEYS["admin"])


def test_a_wrong_key_is_refused(capsys, mock_url):
    assert "--key is not known" in refused(capsys, "--url", mock_url, "--key", "phx_nobody")


def test_a_wrong_second_key_is_refused(capsys, mock_url):
    arguments = ("--url", mock_url, "--key", KEYS["admin"], "--other-key", "phx_nobody")
    assert "--other-key is not known" in refused(capsys, *arguments)


def test_a_key_that_may_not_write_is_refused(capsys, mock_url):
    assert "take --profile read-only" in refused(capsys, "--url", mock_url, "--key", KEYS["read"])


def test_the_key_may_come_from_the_environment(capsys, monkeypatch, mock_url):
    monkeypatch.setenv("BATCH_EXPORTS_CONTRACT_KEY", KEYS["none"])
    assert "may not read" in refused(capsys, "--url", mock_url)


def test_an_address_with_a_path_is_refused(capsys, mock_url):
    assert "without a path" in refused(capsys, "--url", mock_url + "/api", "--key", KEYS["admin"])
