from datetime import timedelta

import pytest

from mock_server.frozen import NOWHERE, freeze_scenario
from mock_server.library import Library
from mock_server.msw import frozen_handlers, thin_handlers
from tests.mock_server.http import EXPORT, EXPORT_ID, client_of, make_app
from tests.mock_server.worlds import START

LIST = "/{project_id}/batch_exports/"
DETAIL = "/{project_id}/batch_exports/{id}/"
RUNS = "/{project_id}/batch_exports/{batch_export_id}/runs/"
RUN = "/{project_id}/batch_exports/{batch_export_id}/runs/{id}/"


async def typical(*templates, pages=1):
    return await freeze_scenario("typical", Library(), START, templates, pages)


async def test_a_frozen_scenario_holds_what_the_mock_answers():
    frozen = await typical(RUN, RUNS, DETAIL, LIST)
    async with client_of(make_app()) as client:
        for path, body in frozen.answers.items():
            # Lists have been cut.
            shown = (await client.get(f"/api/projects{path}")).json()
            assert {**shown, "next": None} == {**body, "next": None}
        absent = await client.get("/api/projects/1/batch_exports/00000000-0000-7000-8000-000000000000/")
    assert frozen.absent == absent.json()
    assert len(frozen.answers) > 100


async def test_everything_that_a_list_holds_is_frozen():
    answers = (await typical(RUN, RUNS, DETAIL, LIST)).answers
    exports = [each["id"] for each in answers["/1/batch_exports/"]["results"]]
    expected = {"/1/batch_exports/"}
    for each in exports:
        runs = f"/1/batch_exports/{each}/runs/"
        expected |= {f"/1/batch_exports/{each}/", runs}
        expected |= {f"{runs}{run['id']}/" for run in answers[runs]["results"]}
    assert set(answers) == expected


@pytest.mark.parametrize(("pages", "recorded"), [(1, 1), (2, 2), (9, 2)])
async def test_a_list_ends_after_so_many_pages_or_when_it_does(pages, recorded):
    answers = (await typical(RUNS, LIST, pages=pages)).answers
    address, seen = f"/1/batch_exports/{EXPORT_ID}/runs/", []
    while address is not None:
        seen.append(address)
        following = answers[address]["next"]
        address = None if following is None else following.removeprefix(NOWHERE)
    assert len(seen) == recorded


async def test_faults_of_a_scenario_are_no_part_of_what_is_frozen():
    frozen = await freeze_scenario("offline", Library(), START, [LIST], 1)
    assert list(frozen.answers) == ["/1/batch_exports/"]


def test_handlers_are_the_same_for_the_same_moment():
    first, again = (frozen_handlers("mid-backfill", Library(), now=START) for _ in range(2))
    assert first == again
    assert first != frozen_handlers("mid-backfill", Library(), now=START + timedelta(minutes=5))


def test_what_is_given_stays_what_it_is():
    text = thin_handlers("http://127.0.0.1:1/$world", 'mi"ne')
    assert 'mock = "http://127.0.0.1:1/$world";' in text
    assert 'world = "mi\\"ne";' in text


async def test_the_path_of_an_answer_is_that_of_the_contract():
    assert EXPORT.removeprefix("/api/projects") in (await typical(DETAIL, LIST)).answers
