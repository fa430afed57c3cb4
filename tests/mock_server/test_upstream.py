"""Operations that another service answers in place of the mock."""

import gzip
import socket
from contextlib import ExitStack, contextmanager
from functools import cache

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.serving import listening, served_beside
from mock_server.operations import UnknownOperationError
from mock_server.upstream.client import UpstreamClient
from mock_server.upstream.headers import sent_back, sent_there
from mock_server.upstream.hybrid import HybridApp
from mock_server.upstream.links import Links
from mock_server.upstream.target import Target, UpstreamError, is_this_machine, make_target, read_url
from tests.mock_server.http import ADMIN, EXPORT, EXPORTS, make_app
from tests.mock_server.journals import CONTROL, REQUESTS
from tests.mock_server.upstreams import EMPTY_PAGE, answer_of, caller, operations, saying, served
from tests.mock_server.worlds import S3
from tests.service import run_command

KEY = "phx_the_real_one"
SOURCE = "X-Mock-Source"
WARNING = "X-Mock-Warning"
BODY = {"name": "Mine", "interval": "hour", "destination": S3}


def hybrid(url, *proxied, key=None, scenario="empty", **options):
    """A mock before an upstream, which answers everything unless operations are named."""
    return make_app(scenario, upstream=Target(url, frozenset(proxied or "*"), key), **options)


@cache
def shared():
    """A service that says what it is told, and a mock before it, for as long as this process lives."""
    stack = ExitStack()
    upstream = stack.enter_context(saying(b""))
    return stack, upstream, stack.enter_context(served(hybrid(upstream.url)))


@pytest.fixture(scope="module", autouse=True)
def no_shared_service_outlives_its_tests():
    yield
    if shared.cache_info().currsize:
        shared()[0].close()
        shared.cache_clear()


@contextmanager
def saying_through_a_mock(*answers):
    """That service, what is before it and a client of that, with nothing heard yet."""
    _, upstream, url = shared()
    upstream.answers, upstream.heard = list(answers), []
    with caller(url) as client:
        client.delete(REQUESTS, headers=CONTROL)
        yield upstream, client


def small_hybrid(url, **bounds):
    """A mock before an upstream for which it has little patience."""
    target = Target(url, operations().ids)
    return HybridApp(make_app("empty"), operations(), target, UpstreamClient(target, **bounds))


def test_the_upstream_answers_what_it_is_asked_to_and_the_world_everything_else():
    with (
        served(make_app("typical")) as upstream,
        served(hybrid(upstream, "list_exports", "get_export")) as url,
        caller(url) as client,
        caller(upstream) as direct,
    ):
        there = direct.get(EXPORT).json()
        assert client.get(EXPORT).json() == there
        answers = [client.get(path) for path in (EXPORTS, EXPORT, f"{EXPORT}runs/", "/api/nowhere")]
    assert [each.headers[SOURCE] for each in answers] == ["upstream", "upstream", "handler", "handler"]
    assert [each.status_code for each in answers] == [200, 200, 404, 404]
    assert not any(WARNING in each.headers for each in answers)
    assert answers[0].json()["count"] == 10


@pytest.mark.parametrize("prefix", ["", "/__w/mine"])
def test_pages_lead_on_through_the_mock_in_the_caller_s_world(prefix):
    with (
        served(make_app("typical")) as upstream,
        served(hybrid(upstream, "list_runs", "list_exports")) as url,
        caller(url) as client,
    ):
        for path, count in ((f"{EXPORTS}?limit=3", 10), (f"{EXPORT}runs/?after=all&page_size=7", 100)):
            rows, following, seen = [], f"{url}{prefix}{path}", set()
            while following:
                assert following.startswith(f"{url}{prefix}/api/")
                assert following not in seen
                seen.add(following)
                answer = client.get(following)
                assert answer.headers[SOURCE] == "upstream"
                page = answer.json()
                rows += page["results"]
                following = page["next"]
            assert len({row["id"] for row in rows}) == len(rows)
            assert len(rows) >= count
            assert page["previous"].startswith(f"{url}{prefix}/api/")


def test_what_is_made_is_made_at_the_upstream_and_found_through_the_mock():
    with (
        served(make_app("empty")) as upstream,
        served(hybrid(f"{upstream}/__w/theirs", "create_export", "get_export")) as url,
        caller(url) as client,
        caller(upstream) as direct,
    ):
        made = client.post(f"/__w/mine{EXPORTS}", json=BODY)
        assert made.status_code == 201
        assert made.headers["location"] == f"{url}/__w/mine{EXPORTS}{made.json()['id']}/"
        assert client.get(made.headers["location"]).json()["name"] == "Mine"
        assert client.get(f"/__w/mine{EXPORTS}").json()["count"] == 0
        assert direct.get(f"/__w/theirs{EXPORTS}").json()["count"] == 1


def test_a_refusal_of_the_upstream_is_passed_on():
    with (
        served(make_app("empty")) as upstream,
        served(hybrid(upstream)) as url,
        caller(url, Authorization="Bearer wrong") as client,
        caller(url) as admin,
    ):
        refused, missing, broken = client.get(EXPORTS), admin.get(EXPORT), admin.post(EXPORTS, json={"name": 1})
    assert [each.status_code for each in (refused, missing, broken)] == [401, 404, 400]
    assert {each.headers[SOURCE] for each in (refused, missing, broken)} == {"upstream"}
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert broken.json()["attr"] == "name"
    assert not any(WARNING in each.headers for each in (refused, missing, broken))


def test_a_key_of_its_own_takes_the_caller_s_place_and_is_never_shown():
    target = Target("http://127.0.0.1:1", frozenset("*"), KEY)
    assert KEY not in repr(target)
    with saying(answer_of(EMPTY_PAGE)) as upstream, served(hybrid(upstream.url, key=KEY)) as url, caller(url) as client:
        assert client.get(EXPORTS).status_code == 200
        assert upstream.headers["authorization"] == f"bearer {KEY}"
        assert KEY not in client.get(REQUESTS, headers=CONTROL).text
        del client.headers["Authorization"]
        client.get(EXPORTS)
        assert "authorization" not in upstream.headers


@pytest.mark.parametrize(
    "foreign", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Host": "a.example"}]
)
def test_no_page_of_another_machine_gets_to_act_with_the_key(foreign):
    with saying(answer_of(EMPTY_PAGE)) as upstream:
        with served(hybrid(upstream.url, key=KEY)) as url, caller(url) as client:
            refused = client.get(EXPORTS, headers=foreign)
            assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
            assert upstream.heard == []
            assert client.get(EXPORTS, headers={"Origin": "http://localhost:3000"}).status_code == 200
        with served(hybrid(upstream.url)) as url, caller(url) as client:
            assert client.get(EXPORTS, headers=foreign).status_code == 200


def test_what_is_meant_for_the_mock_or_for_one_connection_stays_there():
    asked = {
        "Prefer": "example=nothing_like_it",
        "X-Mock-World": "mine",
        "X-Mock-Anything": "1",
        "Cookie": "mock_world=mine; session=theirs",
        "Connection": "keep-alive, X-Of-This-Hop",
        "X-Of-This-Hop": "1",
        "TE": "trailers",
        "Origin": "http://localhost:3000",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "X-Own": "kept",
    }
    said = [("Content-Type", "application/json"), ("X-Mock-World", "theirs"), ("Keep-Alive", "timeout=5"),
            ("Access-Control-Allow-Origin", "https://theirs.example"), ("Server", "theirs"), ("X-Theirs", "kept"),
            ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]  # fmt: skip
    with (
        saying(answer_of(EMPTY_PAGE, headers=said)) as upstream,
        served(hybrid(upstream.url, strict=True)) as url,
        caller(url) as client,
    ):
        query = "limit=1&search=a%20b%C3%A9;'c'&empty="
        answer = client.get(f"{EXPORTS}?{query}", headers=asked)
        assert upstream.lines[0] == f"GET {EXPORTS}?{query} HTTP/1.1"
        heard = upstream.headers
    assert not heard.keys() & {"prefer", "x-mock-world", "x-mock-anything", "x-of-this-hop", "te", "origin"}
    assert heard["cookie"] == "session=theirs"
    assert heard["traceparent"] == asked["traceparent"]
    assert heard["x-own"] == "kept"
    assert heard["host"] == upstream.url.removeprefix("http://")
    assert answer.headers["x-theirs"] == "kept"
    assert answer.headers["X-Mock-World"] == "mine"
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not answer.headers.keys() & {"server", "keep-alive"}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (answer_of({"count": 0, "next": None, "previous": None}), "/results: required"),
        (answer_of({**EMPTY_PAGE, "count": "none"}), "/count"),
        (answer_of(b"<html>"), "not JSON"),
        (answer_of(b"hello", headers=[("Content-Type", "text/plain")]), "application/json"),
        (answer_of(b"", status=204, headers=[]), "status 204 is not documented"),
        (answer_of(b"", status=302, headers=[("Location", "https://login.example/")]), "status 302"),
        (answer_of({"a\nb": "é"}, status=418), "status 418 is not documented"),
        (answer_of({"type": "authentication_error", "code": "c", "detail": "d", "attr": None}, status=401), "WWW-A"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_passed_on_with_a_warning_that_names_what(said, named):
    with saying_through_a_mock(said) as (_, client):
        answer = client.get(EXPORTS)
    head, _, body = said.partition(b"\r\n\r\n")
    assert answer.status_code == int(head.split()[1])
    assert answer.content == body
    assert "list_exports" in answer.headers[WARNING]
    assert named in answer.headers[WARNING]


def test_redirects_are_not_followed_and_lead_through_the_mock():
    moved = answer_of(b"", status=301, headers=[("Location", f"{EXPORTS}elsewhere/?a=b")])
    with saying_through_a_mock(moved) as (upstream, client):
        answer = client.get(EXPORTS)
        assert len(upstream.heard) == 1
    assert (answer.status_code, answer.headers["location"]) == (
        301,
        f"{str(client.base_url).rstrip('/')}{EXPORTS}elsewhere/?a=b",
    )


def test_a_packed_answer_is_unpacked_and_checked():
    packed = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    said = answer_of(gzip.compress(orjson.dumps(EMPTY_PAGE)), headers=packed)
    with saying_through_a_mock(said) as (upstream, client):
        answer = client.get(EXPORTS)
        assert upstream.headers["accept-encoding"] == "gzip"
    assert answer.json() == EMPTY_PAGE
    assert not answer.headers.keys() & {"content-encoding", WARNING.lower()}


def test_what_is_packed_as_nobody_asked_is_passed_on_as_it_is():
    said = answer_of(b"packed", headers=[("Content-Type", "application/json"), ("Content-Encoding", "unheard-of")])
    with saying_through_a_mock(said) as (_, client):
        answer = client.get(EXPORTS)
    assert (answer.content, answer.headers["content-encoding"]) == (b"packed", "unheard-of")
    assert "not JSON" in answer.headers[WARNING]


def test_an_upstream_that_is_too_slow_is_a_504_with_advice():
    with saying(answer_of(EMPTY_PAGE)) as upstream:
        upstream.may_answer.clear()
        with served(small_hybrid(upstream.url, seconds=0.3)) as url, caller(url) as client:
            answer = client.get(EXPORTS)
    assert (answer.status_code, answer.json()["code"], answer.headers[SOURCE]) == (504, "upstream_timeout", "upstream")
    assert answer.json()["type"] == "server_error"
    assert "0.3 seconds" in answer.json()["detail"]
    assert "--proxy" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (answer_of(EMPTY_PAGE)[:-20], "without sending complete"),
        (b"", "disconnected"),
        (b"nonsense\r\n\r\n", "illegal"),
        (answer_of(b" " * 2000 + orjson.dumps(EMPTY_PAGE)), "more than 1000 bytes"),
        (answer_of(gzip.compress(b" " * 2000), headers=[("Content-Encoding", "gzip")]), "more than 1000 bytes"),
        (answer_of(b"not packed", headers=[("Content-Encoding", "gzip")]), "decompressing"),
    ],
)
def test_an_upstream_without_a_usable_answer_is_a_502_that_says_why(said, cause):
    with (
        saying(said) as upstream,
        served(small_hybrid(upstream.url, most_bytes=1000)) as url,
        caller(url) as client,
    ):
        answer = client.get(EXPORTS)
    assert (answer.status_code, answer.json()["code"], answer.headers[SOURCE]) == (502, "upstream_unusable", "upstream")
    assert cause in answer.json()["detail"]


def test_an_upstream_that_is_down_is_a_502_and_the_rest_goes_on():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with served(hybrid(f"http://127.0.0.1:{port}", "list_exports", scenario="typical")) as url, caller(url) as client:
        assert client.get(EXPORTS).status_code == 502
        assert client.get(EXPORT).status_code == 200


def test_a_mock_that_is_its_own_upstream_says_so():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    app = hybrid(f"http://127.0.0.1:{port}")
    with listening("127.0.0.1", port) as again, served_beside(app, again), caller(f"http://127.0.0.1:{port}") as client:
        answer = client.get(EXPORTS)
        asked = client.get(REQUESTS, headers=CONTROL).json()["results"]
    assert (answer.status_code, answer.json()["code"]) == (508, "upstream_loop")
    assert len(asked) == 2


@pytest.mark.parametrize("path", ["../", "%2e%2e/", "./", "%2E/", "a%2Fb/", "a%3Fb/", "%23/", "a%00/"])
def test_no_path_leads_anywhere_else_at_the_upstream(path):
    with saying_through_a_mock(answer_of(EMPTY_PAGE)) as (upstream, client):
        raw = f"DELETE {EXPORTS}{path} HTTP/1.1\r\nHost: a\r\nAuthorization: {ADMIN['Authorization']}\r\n\r\n"
        with socket.create_connection(tuple(client.base_url.netloc.decode().split(":"))) as connection:
            connection.sendall(raw.encode())
            status = int(connection.recv(65536).split()[1])
    assert status in {400, 404, 405}
    assert upstream.heard == []


def test_faults_and_preferences_come_before_the_upstream_unless_the_mock_is_strict():
    with saying(answer_of(EMPTY_PAGE)) as upstream:
        with served(hybrid(upstream.url, chaos="offline")) as url, caller(url) as client:
            preferred = client.get(EXPORTS, headers={"Prefer": "code=429"})
        assert (preferred.status_code, preferred.headers[SOURCE]) == (429, "override")
        rule = {"match": {"operation": "list_exports"}, "do": {"status": 503}, "times": 1}
        with served(hybrid(upstream.url)) as url, caller(url) as client:
            client.post("/__mock/faults", json=rule, headers=CONTROL)
            faulty, after = client.get(EXPORTS), client.get(EXPORTS)
        assert (faulty.status_code, faulty.headers[SOURCE]) == (503, "fault")
        assert (after.status_code, after.headers[SOURCE]) == (200, "upstream")
        assert len(upstream.heard) == 1
        named = {**BODY, "name": "mock:429"}
        with served(hybrid(upstream.url)) as url, caller(url) as client:
            assert client.post(EXPORTS, json=named).status_code == 429
        assert len(upstream.heard) == 1
        with served(hybrid(upstream.url, strict=True)) as url, caller(url) as client:
            assert client.get(EXPORTS, headers={"Prefer": "code=429"}).status_code == 200


def test_the_journal_tells_what_the_upstream_has_answered():
    with saying_through_a_mock(answer_of(EMPTY_PAGE)) as (_, client):
        client.get(EXPORTS)
        entry = client.get(REQUESTS, headers=CONTROL).json()["results"][0]
    assert (entry["source"], entry["operation"], entry["status"]) == ("upstream", "list_exports", 200)
    assert entry["response"]["body"] == EMPTY_PAGE


def test_a_body_that_is_too_large_goes_nowhere():
    with saying_through_a_mock(answer_of(EMPTY_PAGE)) as (upstream, client):
        answer = client.post(EXPORTS, content=b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert upstream.heard == []


def test_head_is_asked_as_head():
    said = answer_of(EMPTY_PAGE).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with saying_through_a_mock(said) as (upstream, client):
        answer = client.head(EXPORTS)
        assert upstream.lines[0].startswith("HEAD ")
    assert (answer.status_code, answer.content, answer.headers[SOURCE]) == (200, b"", "upstream")


def test_a_look_at_a_run_that_is_not_of_this_world_moves_nothing():
    with (
        served(make_app("all-statuses")) as upstream,
        served(hybrid(upstream, "list_exports", "get_run", scenario="mid-backfill")) as url,
        caller(url) as client,
    ):
        client.put("/__mock/progression", json={"mode": "polls", "polls": 3}, headers=CONTROL)
        export = client.get(EXPORTS).json()["results"][0]
        run = f"{EXPORTS}{export['id']}/runs/{export['latest_runs'][0]['id']}/"
        statuses = [client.get(path).status_code for path in (run, run, EXPORT.replace("runs/", ""))]
    assert statuses[:2] == [200, 200]
    assert statuses[2] in {200, 404}


SEGMENTS = st.lists(st.text("abz09-_.~", min_size=1, max_size=5), max_size=4).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.text("abz09-_=&%", max_size=12)
BASES = st.sampled_from(["http://up.example", "https://up.example/base", "http://127.0.0.1:8000/__w/a"])


@given(BASES, SEGMENTS, QUERIES)
def test_every_address_at_the_upstream_is_the_same_one_at_the_mock(base, path, query):
    tail = f"{path}?{query}" if query else path
    assert Links(base, "http://mock.test/__w/x").url(base + tail) == f"http://mock.test/__w/x{tail}"


@given(BASES, SEGMENTS)
def test_any_other_address_stays_as_it_is(base, path):
    links = Links(base, "http://mock.test")
    for other in ("http://up.example.org", "http://up.example:8443", "http://127.0.0.1:8001", "ftp://other.example"):
        assert links.url(other + path) == other + path
    assert links.url("http://[") == "http://["
    assert links.url("https://up.example/based/") == ("http://mock.test/based/" if base.endswith("example") else
                                                      "https://up.example/based/")  # fmt: skip


NAMES = st.sampled_from([b"prefer", b"x-mock-a", b"connection", b"te", b"x-own", b"x-other", b"host", b"cookie"])
VALUES = st.sampled_from([b"x-own", b"close, X-Other", b"a=1; mock_world=b", b"mock_world=b", b"1"])


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_headers_of_one_hop_and_of_the_mock_never_leave_it(headers):
    named = b",".join(value.lower() for name, value in headers if name == b"connection")
    for sent in (sent_there(headers, None, b"id", b"via"), sent_back(headers)):
        names = {name for name, _ in sent}
        assert not names & {b"connection", b"te", b"x-mock-a"}
        for name in (b"x-own", b"x-other"):
            assert (name in names) == (name not in named and any(name == each for each, _ in headers))
    cookies = [value for name, value in sent_there(headers, None, b"id", b"via") if name == b"cookie"]
    assert not any(b"mock_world" in value for value in cookies)
    assert (b"a=1" in cookies) == ((b"cookie", b"a=1; mock_world=b") in headers)


@pytest.mark.parametrize("url", ["", "a.secret", "ftp://a.secret", "http://", "http://a:secret@b", "http://secret@b",
                                 "http://a?b=secret", "http://a/#secret", "http://secret:99999", "http://[::secret",
                                 "file:///etc/secret"])  # fmt: skip
def test_what_is_no_url_of_a_service_is_refused_without_repeating_it(url):
    with pytest.raises(UpstreamError) as refused:
        read_url(url)
    assert "secret" not in str(refused.value)


def test_a_mock_that_others_can_reach_lends_nobody_its_key():
    with pytest.raises(UpstreamError, match="Others can reach"):
        make_target("http://example.com", ["*"], KEY, is_local=False)
    assert make_target("http://example.com/", ["*"], None, is_local=False).url == "http://example.com"
    with pytest.raises(UpstreamError, match="--proxy"):
        make_target("http://example.com", [], None, is_local=True)
    with pytest.raises(UpstreamError, match="--upstream"):
        make_target(None, ["*"], None, is_local=True)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("localhost", True), ("app.localhost:3000", True), ("127.0.0.1:1", True), ("[::1]:80", True), ("", False),
     ("localhost.example", False), ("192.0.2.1", False), ("[", False), ("null", False)],
)  # fmt: skip
def test_only_names_that_nobody_else_can_own_are_this_machine(host, is_here):
    assert is_this_machine(host) is is_here


def test_operations_are_chosen_by_name_or_all_at_once():
    known = operations()
    assert known.choose(["*"]) == known.choose(["get_run", "*"]) == known.ids
    assert known.choose(["get_run"]) == {"get_run"}
    with pytest.raises(UnknownOperationError, match="list_exports"):
        known.choose(["list_export", "get_run"])


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--upstream", "https://example.com", "--proxy", "list_exprots"], "list_exports"),
        (["--upstream", f"https://me:{KEY}@example.com", "--proxy", "*"], "credentials"),
        (["--upstream", "https://example.com"], "--proxy"),
        (["--proxy", "list_exports"], "--upstream"),
        (["--upstream", "https://a.example", "--proxy", "*", "--host", "192.0.2.1", "--upstream-key", KEY], "Others"),
    ],
)
def test_a_wrong_use_of_the_command_is_one_line(arguments, cause):
    ended = run_command("mock", "--port", "0", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert cause in ended.stderr
    assert KEY not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
