"""What handlers return, and what happens when the contract does not promise it."""

import dataclasses
import logging
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

import orjson
import pytest

from tests.contract_layer.lab import HANDLERS, ID, MANY, NEW, ONE, Client, lab_app


async def test_times_ids_and_enums_go_out_as_json(client):
    answer = await client.get(ONE)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["id"] == ID
    assert answer.json["created_at"] == "2026-03-02T00:00:00Z"


async def test_dataclasses_and_enums_go_out_as_json():
    class Status(StrEnum):
        FAILED = "Failed"

    @dataclasses.dataclass
    class Run:
        id: UUID
        status: Status
        records: int | None

    async def get_thing(id):
        local = datetime(2026, 3, 2, 2, tzinfo=timezone(timedelta(hours=2)))
        return {"id": id, "name": "n", "created_at": local, "runs": [Run(id, Status.FAILED, None)]}

    answer = await Client(app_with(get_thing)).get(ONE)
    assert answer.json["runs"] == [{"id": ID, "status": "Failed", "records": None}]
    assert answer.json["created_at"] == "2026-03-02T02:00:00+02:00"


async def test_a_handler_may_set_status_and_headers(client):
    answer = await client.post(MANY, orjson.dumps(NEW))
    assert (answer.status, answer.headers["location"]) == (201, f"http://lab.test{ONE}")


async def test_no_content_has_no_body_no_type_and_no_length(client):
    answer = await client.send("DELETE", ONE)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers.keys() == {"x-request-id"}


async def test_a_documented_optional_header_is_sent(client):
    assert (await client.get(f"{ONE}answers/ok/")).headers["x-count"] == "3"


async def test_a_refusal_of_a_handler_is_sent_in_the_error_shape(client):
    answer = await client.get(f"{ONE}answers/missing/")
    assert answer.problem == (404, "not_found", "Not found.", None)
    assert answer.json["type"] == "invalid_request"


async def test_an_error_of_the_domain_is_translated_with_its_headers(client):
    answer = await client.post(MANY, orjson.dumps(NEW | {"name": "busy"}))
    assert answer.problem == (429, "throttled", "Later.", None)
    assert answer.json["type"] == "throttled_error"
    assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("secret", "answer_thing: status 200: the body breaks its schema at /secret: invalid_input"),
        ("wrong", "answer_thing: status 200: the body breaks its schema at /runs/0/status: invalid_choice"),
        ("status", "answer_thing: status 202 is not documented"),
        ("refusal", "answer_thing: status 409 is not documented"),
        ("header", "answer_thing: header X-Count: A valid integer is required."),
        ("smuggled", "answer_thing: header X-Other has characters that no header may carry"),
    ],
)
async def test_an_answer_that_breaks_the_contract_is_a_server_error_with_its_place_in_the_log(
    client, caplog, kind, said
):
    with caplog.at_level(logging.DEBUG):
        answer = await client.get(f"{ONE}answers/{kind}/")
    assert answer.problem == (500, "error", "A server error occurred.", None)
    (record,) = caplog.records
    assert str(record.exc_info[1]) == said
    assert "hunter2" not in said


def app_with(handler):
    return lab_app(resolve=lambda name, _: handler if name == handler.__name__ else HANDLERS.get(name))


@pytest.mark.parametrize("headers", [{}, {"location": ""}])
async def test_a_required_header_must_be_there_and_valid(headers):
    async def create_thing(body, ctx):
        return {"id": ID, "name": "n", "created_at": datetime(2026, 1, 1, tzinfo=UTC), "runs": []}, 201, headers

    assert (await Client(app_with(create_thing)).post(MANY, orjson.dumps(NEW))).status == 500


async def test_a_required_header_may_be_written_in_any_case():
    async def create_thing(body, ctx):
        done = {"id": ID, "name": "n", "created_at": datetime(2026, 1, 1, tzinfo=UTC), "runs": []}
        return done, 201, {"lOCATION": "/x"}

    answer = await Client(app_with(create_thing)).post(MANY, orjson.dumps(NEW))
    assert (answer.status, answer.headers["location"]) == (201, "/x")


@pytest.mark.parametrize("result", [object(), {1: float("nan"), "runs": {1, 2}}, None, "text", {"id": ID}])
async def test_what_is_no_document_of_the_contract_is_never_sent(result):
    async def get_thing(id):
        return result

    assert (await Client(app_with(get_thing)).get(ONE)).status == 500


async def test_a_body_where_none_is_promised_is_a_server_error():
    async def delete_thing(id):
        return {"surprise": 1}

    assert (await Client(app_with(delete_thing)).send("DELETE", ONE)).status == 500


async def test_a_naive_time_is_never_sent_as_one_of_another_zone():
    async def get_thing(id):
        return {"id": id, "name": "n", "created_at": datetime(2026, 1, 1), "runs": []}  # noqa: DTZ001

    assert (await Client(app_with(get_thing)).get(ONE)).status == 500
