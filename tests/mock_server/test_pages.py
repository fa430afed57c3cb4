"""The console's files: read by any browser on this machine, and by nobody who came by a name that others own."""

import re

import pytest

from mock_server.control.app import Access
from tests.mock_server.http import client_of, make_app

LOCAL = {"Host": "localhost:8010"}


async def test_every_file_that_the_page_names_is_served_with_a_strict_policy():
    async with client_of(make_app(), **LOCAL) as client:
        page = await client.get("/__mock/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        named = set(re.findall(r'(?:href|src)="([^"#]+)"', page.text))
        script = await client.get("/__mock/console.js")
        named |= {name.removeprefix("./") for name in re.findall(r"from '([^']+)'", script.text)}
        assert {"style.css", "console.js", "requests.js"} <= named
        for name in named:
            file = await client.get(f"/__mock/{name}")
            assert file.status_code == 200
            policy = dict(each.split(" ", 1) for each in file.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["connect-src"] == "'self'"
            assert file.headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in file.headers


@pytest.mark.parametrize("path", ["/__mock", "/__w/a/__mock"])
async def test_a_path_without_its_last_slash_leads_to_the_one_with_it(path):
    async with client_of(make_app(), **LOCAL) as client:
        answer = await client.get(path, follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, f"{path}/")
    assert "<title>Mock console</title>" in answer.text


async def test_the_files_are_read_and_nothing_else():
    async with client_of(make_app(), **LOCAL) as client:
        head, page = await client.head("/__mock/"), await client.get("/__mock/")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(page.content))
        refused = await client.post("/__mock/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "name", ["console.py", "..%2Fcontrol.yaml", "..%2Fconsole%2Fstyle.css", "other.js", "%00.js", "a/style.css"]
)
async def test_no_other_file_is_served(name):
    async with client_of(make_app(), **LOCAL) as client:
        assert (await client.get(f"/__mock/{name}")).status_code == 403
        assert (await client.get(f"/__mock/{name}", headers={"X-Mock-Admin": "1"})).status_code == 404


@pytest.mark.parametrize(
    ("access", "host", "status"),
    [
        (Access(), "attacker.example", 403),
        (Access(), "127.0.0.1:8010", 200),
        (Access(token="t0ken", is_local=False), "mock.example", 200),
        (Access(is_local=False), "mock.example", 200),
    ],
)
async def test_the_page_comes_by_a_name_only_where_others_may_reach_the_mock_anyway(access, host, status):
    async with client_of(make_app(access=access), Host=host) as client:
        for path in ("/__mock", "/__mock/", "/__mock/console.js"):
            answer = await client.get(path, follow_redirects=path == "/__mock")
            assert answer.status_code == status
            assert "t0ken" not in answer.text
