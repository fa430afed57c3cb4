"""What is served beside the contract."""

import logging
import re
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.pages import Part
from tests.contract_layer.lab import Client, lab_app

SOURCE = Path(__file__).with_name("lab.yaml").read_bytes()


async def test_the_document_is_served_as_it_was_written(anonymous):
    answer = await anonymous.get("/openapi.yaml")
    assert (answer.status, answer.body) == (200, SOURCE)
    assert answer.headers["content-type"] == "application/yaml"


async def test_the_document_is_served_as_json_with_its_references(app, anonymous):
    answer = await anonymous.get("/openapi.json")
    assert answer.json["paths"].keys() == {each.path for each in app.operations}
    assert b'"$ref"' in answer.body


@pytest.mark.parametrize("path", ["/openapi.yaml", "/openapi.json"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_document_that_the_client_has_is_not_sent_again(anonymous, path, form):
    etag = (await anonymous.get(path)).headers["etag"]
    answer = await anonymous.get(path, (b"if-none-match", form.format(etag).encode()))
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


async def test_a_changed_document_is_sent(anonymous):
    assert (await anonymous.get("/openapi.yaml", (b"if-none-match", b'"old"'))).status == 200


@pytest.mark.parametrize("path", ["/openapi.yaml", "/healthz", "/readyz/"])
async def test_pages_can_be_asked_for_but_not_changed(anonymous, path):
    assert (await anonymous.send("HEAD", path)).body == b""
    assert (await anonymous.send("OPTIONS", path)).headers["allow"] == "GET, HEAD, OPTIONS"
    answer = await anonymous.send("POST", path)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_the_docs_need_nothing_from_elsewhere(anonymous):
    page = await anonymous.get("/docs/")
    assert page.status == 200
    assert b"//" not in re.sub(rb"<!--.*?-->|// (Begin|End)[^\n]*", b"", page.body)
    assert b'url: "/openapi.yaml"' in page.body
    for asset in set(re.findall(rb'(?:src|href)="\./([^"]+)"', page.body)):
        assert (await anonymous.get(f"/docs/{asset.decode()}")).status == 200


async def test_the_docs_find_the_document_below_a_mount_point(anonymous):
    page = await anonymous.get("/mount/docs/", root_path="/mount")
    assert b'url: "/mount/openapi.yaml"' in page.body


async def test_the_docs_without_their_slash_lead_to_them(anonymous):
    answer = await anonymous.get("/docs")
    assert (answer.status, answer.headers["location"]) == (307, "/docs/")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/docs/nope.js", 404), ("POST", "/docs/", 405)])
async def test_errors_of_the_docs_have_the_shape_of_all_errors(anonymous, method, path, status):
    assert (await anonymous.send(method, path)).problem[0] == status


async def test_a_process_that_answers_is_alive(anonymous):
    answer = await anonymous.get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


@given(st.dictionaries(st.text(), st.builds(Part, st.booleans(), st.booleans(), st.just("hunter2"))))
async def test_the_service_is_ready_when_all_parts_that_it_needs_are_well(parts):
    async def ready(state):
        assert state == {"services": 1}
        return parts

    answer = await Client(lab_app(ready=ready), None).get("/readyz", state={"services": 1})
    status = 503 if any(part.needed and not part.well for part in parts.values()) else 200
    assert (answer.status, answer.json["parts"]) == (status, {name: part.well for name, part in parts.items()})
    assert b"hunter2" not in answer.body


async def test_a_readiness_check_that_breaks_says_no_and_leaks_nothing():
    async def ready(state):
        raise RuntimeError("hunter2")

    answer = await Client(lab_app(ready=ready), None).get("/readyz")
    assert answer.status == 503
    assert b"hunter2" not in answer.body


AWAY, BACK = "The service is not ready: ", "The service is ready again."
CAUSES = {"False": "store (no tables)", "no route\n[SQL: hunter2]": "OSError: no route", "": "TimeoutError"}
states = st.sampled_from([True, False, OSError("no route\n[SQL: hunter2]"), TimeoutError()])


@given(probes=st.lists(states, max_size=12))
async def test_the_log_hears_of_readiness_in_one_line_and_only_when_it_changes(probes):
    left, told, was_ready = [*probes], [], True
    handler = logging.Handler()
    handler.emit = told.append
    logger = logging.getLogger("batch_exports.contract.pages")
    logger.addHandler(handler)

    async def ready(state):
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return {"store": Part(found, cause="no tables"), "worker": Part(well=False, needed=False)}

    client = Client(lab_app(ready=ready), None)
    try:
        for found in probes:
            told.clear()
            assert (await client.get("/readyz")).status == (200 if found is True else 503)
            lines = [BACK] if found is True else [AWAY + CAUSES[str(found)]]
            assert [record.getMessage() for record in told] == (lines if was_ready is not (found is True) else [])
            assert [record.exc_info for record in told if record.exc_info] == []
            was_ready = found is True
    finally:
        logger.removeHandler(handler)


async def test_the_document_says_what_is_served(app):
    served = {(each.method, each.path) for each in app.operations}
    document = orjson.loads((await Client(app).get("/openapi.json")).body)
    declared = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert served == declared
