"""The model holds for every world that keeps the contract, and for none that breaks it."""

import httpx
import pytest

from batch_exports.conformance.model import ModelKeys, check_model
from mock_server.personas import KEYS
from tests.conformance.model.connections import MODEL_KEYS, connected, no_fault
from tests.conformance.model.faults import FAULTS, the_etag_stays
from tests.contract.worlds import mock_app, production_app

PROGRAMS = {"examples": 3, "steps": 15, "seed": 1}


def exports_of(make_client, key):
    with make_client(key) as client:
        return client.get("/api/projects/@current/batch_exports/").json()["count"]


@pytest.mark.parametrize("make_app", [mock_app, production_app])
def test_the_model_holds_and_leaves_nothing_behind(make_app, tmp_path):
    with connected(make_app(tmp_path)) as make_client:
        check_model(make_client, MODEL_KEYS, **PROGRAMS)
        assert [exports_of(make_client, KEYS[name]) for name in ("admin", "other_project")] == [0, 0]


def test_one_key_is_enough(tmp_path):
    with connected(mock_app(tmp_path)) as make_client:
        check_model(make_client, ModelKeys(KEYS["admin"]), examples=2, steps=6, seed=2)


def test_a_seed_repeats_its_programs(tmp_path):
    first, second = requests_of(tmp_path, seed=3), requests_of(tmp_path, seed=3)
    assert first == second != requests_of(tmp_path, seed=4)


@pytest.mark.parametrize(("make_fault", "words", "seed"), FAULTS.values(), ids=FAULTS)
def test_the_model_finds_what_services_get_wrong(make_fault, words, seed, tmp_path):
    with connected(mock_app(tmp_path), make_fault()) as make_client, pytest.raises(AssertionError) as failure:
        check_model(make_client, MODEL_KEYS, examples=20, steps=40, seed=seed, shrinking_tries=0)
    assert words in str(failure.value).partition("Mismatch:")[2]


def test_the_report_is_a_short_program_that_shows_no_key(tmp_path):
    with (
        connected(mock_app(tmp_path), the_etag_stays) as make_client,
        pytest.raises(AssertionError) as failure,
    ):
        check_model(make_client, MODEL_KEYS, examples=4, steps=20, seed=0, shrinking_tries=15)
    program, _, mismatch = str(failure.value).partition("Mismatch:")
    assert program.count("->") <= 12
    assert "was that of an earlier version" in mismatch
    assert mismatch.endswith("Seed: 0")
    assert not any(key in str(failure.value) for key in KEYS.values())


def test_a_failure_that_does_not_repeat_is_told(tmp_path):
    counted = []

    def once(request, send):
        counted.append(request.method)
        failing = request.method == "POST" and counted.count("POST") == 6
        return httpx.Response(500, json={}) if failing else send(request)

    with connected(mock_app(tmp_path), once) as make_client, pytest.raises(AssertionError, match="The status is 500"):
        check_model(make_client, MODEL_KEYS, examples=2, steps=4, seed=0, shrinking_tries=5)


def test_what_is_not_even_a_document_is_told(tmp_path):
    def garbled(request, send):
        response = send(request)
        if request.method == "GET" and response.is_success:
            return httpx.Response(200, json=[], headers={"x-request-id": request.headers.get("x-request-id", "")})
        return response

    with (
        connected(mock_app(tmp_path), garbled) as make_client,
        pytest.raises(AssertionError, match="The answer cannot be read"),
    ):
        check_model(make_client, MODEL_KEYS, examples=2, steps=2, seed=0, shrinking_tries=5)


def test_keys_stay_out_of_what_is_printed():
    assert KEYS["admin"] not in repr(MODEL_KEYS)


def requests_of(folder, seed):
    """What is asked in the programs of a seed, without the ids."""
    sent = []

    def noted(request, send):
        sent.append((request.method, request.url.path.count("/"), request.headers["authorization"]))
        return no_fault(request, send)

    with connected(mock_app(folder), noted) as make_client:
        check_model(make_client, MODEL_KEYS, examples=2, steps=3, seed=seed)
    return sent
