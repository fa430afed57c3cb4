"""What the command says to whom it cannot serve: one line, exit code 2; and to whom breaks it off."""

import signal
import socket
import subprocess

import httpx
import pytest

from batch_exports.cli import run
from batch_exports.conformance.target import OWN
from mock_server.personas import KEYS
from tests.conformance.served import served
from tests.service import COMMAND


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


async def a_site_of_pages(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"<html>"})


def test_another_site_is_refused(capsys):
    with served(a_site_of_pages) as url:
        assert "no such API at --url, it answered 200" in refused(capsys, "--url", url, "--key", KEYS["admin"])


@pytest.mark.parametrize("key", ["sch\u00fcssel", "two words", "two\nlines"])
def test_what_no_header_can_carry_is_no_key(capsys, mock_url, key):
    assert "What --key gives is no key" in refused(capsys, "--url", mock_url, "--key", key)


def test_the_same_key_twice_is_refused(capsys, mock_url):
    arguments = ("--url", mock_url, "--key", KEYS["admin"], "--other-key", KEYS["admin"])
    assert "name the same key" in refused(capsys, *arguments)


def test_a_key_without_an_address_is_refused(capsys):
    assert "--key needs --url" in refused(capsys, "--key", KEYS["admin"])


def test_a_report_that_cannot_be_written_is_told_before_anything_is_asked(capsys):
    arguments = ("--url", free_address(), "--key", KEYS["admin"], "--report-dir", "/dev/null/reports")
    assert "No report can be written to /dev/null/reports/" in refused(capsys, *arguments)


@pytest.mark.parametrize(("number", "part"), [(signal.SIGINT, "examples"), (signal.SIGTERM, "authorization")])
def test_what_is_broken_off_deletes_what_it_made(mock_url, number, part):
    command = [COMMAND, "contract", "--url", mock_url, "--key", KEYS["admin"]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = iter(process.stderr.readline, "")
        assert f"{part} ...\n" in said
        process.send_signal(number)
        assert list(said)[-1] == "batch-exports: The run was broken off. What it made is deleted.\n"
    assert process.returncode == 130
    listed = httpx.get(mock_url + OWN, headers={"Authorization": f"Bearer {KEYS['admin']}"}).json()
    assert listed["results"] == []
