"""A run that only reads, against a service that writes down what reaches it."""

import httpx
import pytest

from batch_exports.conformance.made_exports import note_made
from batch_exports.conformance.target import OWN, Clients
from mock_server.personas import KEYS
from tests.conformance.recipes import recipes, shell
from tests.conformance.served import mock_app, served

EXPORT = {"name": "Events", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}


def recording(app, methods):
    async def recorder(scope, receive, send):
        methods.append(scope.get("method"))
        await app(scope, receive, send)

    return recorder


def test_an_operators_check_sends_nothing_that_could_change_anything(tmp_path):
    methods = []
    [line] = recipes()["github"]["after-deploy"]
    with served(recording(mock_app(), methods)) as url:
        httpx.post(url + OWN, json=EXPORT, headers={"Authorization": f"Bearer {KEYS['admin']}"})
        methods.clear()
        keys = {"BATCH_EXPORTS_CONTRACT_KEY": KEYS["read"], "BATCH_EXPORTS_CONTRACT_OTHER_KEY": KEYS["other_project"]}
        printed = shell(line, tmp_path, CONTRACT_URL=url, **keys)
    assert len(methods) > 300
    assert set(methods) - {"GET", "HEAD", "OPTIONS", None} == set()
    assert "not proven: a key without the scope is forbidden" in printed
    assert "<testsuites" in (tmp_path / "contract.xml").read_text()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_client_of_such_a_run_refuses_to_send_more(tmp_path, method):
    clients = Clients("http://127.0.0.1:9", lambda _: None, tmp_path / "made", changes=False)
    with clients.of(None) as client, pytest.raises(PermissionError, match=method):
        client.request(method, OWN)


def test_what_was_made_is_written_down_at_once(tmp_path):
    note_made(tmp_path / "made", "first")
    note_made(tmp_path / "made", "second")
    assert (tmp_path / "made").read_text().split() == ["first", "second"]
