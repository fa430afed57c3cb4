"""The command's options, which mean what the settings of the same name mean in production."""

import click
import pytest

from batch_exports.services import MAX_OPEN_BACKFILLS
from batch_exports.settings import PREFIX, BadSetting, Settings
from mock_server.cli import mock
from tests.service import Service

BACKFILL = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-05-01T00:00:00Z"}
EXPORT = {"name": "Mine", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}

OPTION = next(each for each in mock.params if each.name == "max_open_backfills")


def test_as_many_backfills_as_in_production_may_be_in_progress_unless_told_otherwise():
    assert OPTION.default == Settings().max_open_backfills == MAX_OPEN_BACKFILLS


@pytest.mark.parametrize("text", ["-1", "0", "1", "250"])
def test_the_mock_takes_the_numbers_that_production_takes(text):
    try:
        expected = Settings.read({f"{PREFIX}MAX_OPEN_BACKFILLS": text}).max_open_backfills
    except BadSetting:
        expected = None
    try:
        taken = OPTION.type_cast_value(None, text)
    except click.BadParameter:
        taken = None
    assert taken == expected


def test_the_installed_command_throttles_a_key_if_asked():
    options = ("--throttle-per-minute", "2", "--throttle-per-hour", "100")
    with Service("mock", "--port", "0", *options) as service, service.client() as client:
        answers = [client.get("/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_the_installed_command_holds_to_its_limit():
    options = ("--scenario", "empty", "--max-open-backfills", "1")
    with Service("mock", "--port", "0", *options) as service, service.client() as client:
        export = client.post("/", json=EXPORT).json()["id"]
        answers = [client.post(f"/{export}/backfills/", json=BACKFILL) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 429]
