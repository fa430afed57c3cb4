import logging

import pytest

from batch_exports.contract.request import Request
from batch_exports.http_protocol import ANSWERED
from batch_exports.observability.metrics import Metrics
from batch_exports.observability.requests import PROBES, RequestObserver
from batch_exports.observability.subject import current
from tests.contract_layer.asgi import scope_of
from tests.observability.lines import logged
from tests.observability.test_metrics import samples, value


def request(target="/api/projects/1/batch_exports/?search=x", *, method="GET", **more):
    path = target.partition("?")[0]
    made = Request(scope_of(method, target, raw_path=path.encode(), **more), None)
    made.status = 200
    return made


async def test_a_request_is_told_in_one_line_that_names_it_and_not_its_query():
    observed = request(headers=[(b"x-request-id", b"abc-1")])
    with logged() as lines:
        end = RequestObserver(Metrics().requests)(observed)
        observed.operation_id, observed.caller_id = "list_exports", "key-1"
        end()
    (line,) = lines()
    assert line["message"].startswith("GET /api/projects/1/batch_exports/ 200 ")
    assert {name: line[name] for name in ("request_id", "operation", "status", "key_id", "level", "logger")} == {
        "request_id": "abc-1",
        "operation": "list_exports",
        "status": 200,
        "key_id": "key-1",
        "level": "info",
        "logger": "batch_exports.access",
    }
    assert line["milliseconds"] >= 0
    assert "search" not in str(line)


async def test_what_is_logged_while_a_request_is_answered_names_it():
    observed = request()
    with logged() as lines:
        RequestObserver(Metrics().requests)(observed)
        logging.getLogger("batch_exports.services").warning("It is late.")
    assert lines()[0]["request_id"] == observed.id.decode()
    assert current().fields == {"request_id": observed.id.decode()}


@pytest.mark.parametrize("path", sorted(PROBES))
async def test_probes_are_counted_and_told_to_those_alone_who_debug(path):
    for level, count in ((logging.INFO, 0), (logging.DEBUG, 1)):
        metrics = Metrics()
        with logged(level) as lines:
            RequestObserver(metrics.requests)(request(path))()
        assert len(lines()) == count
        assert value(samples(metrics), "requests_total", operation="", method="GET", status="200") == 1


async def test_a_path_that_would_break_the_line_is_told_as_it_was_sent():
    observed = request("/a%0Ab")
    observed.path = "/a\nb"
    with logged() as lines:
        RequestObserver(Metrics().requests)(observed)()
    assert lines()[0]["path"] == "/a%0Ab"


async def test_a_path_that_was_not_sent_in_clear_is_told_in_quotes():
    observed = request("/a\nb")
    del observed.scope["raw_path"]
    with logged() as lines:
        RequestObserver(Metrics().requests)(observed)()
    assert lines()[0]["path"] == r"'/a\nb'"


async def test_requests_that_were_refused_for_their_number_are_counted():
    metrics = Metrics()
    for refusal in ("throttled", "not_found", "throttled"):
        observed = request()
        end = RequestObserver(metrics.requests)(observed)
        observed.refusal = refusal
        end()
    assert value(samples(metrics), "requests_throttled_total") == 2


async def test_a_request_that_the_server_answered_itself_is_counted_by_that_answer():
    metrics, observed = Metrics(), request(**{ANSWERED: 503})
    end = RequestObserver(metrics.requests)(observed)
    observed.operation_id, observed.status = "list_exports", 200
    end()
    assert observed.status == 503
