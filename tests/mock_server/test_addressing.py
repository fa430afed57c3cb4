"""A request names its world by header, path, cookie or key; the first of them that is there counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError
from mock_server.addressing import path_in_world, read_address
from mock_server.personas import KEYS

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
PATH = "/api/projects/1/batch_exports/"


def scope(path=PATH, **headers):
    encoded = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "path": path, "headers": encoded, "root_path": ""}


@given(st.lists(NAMES, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
def test_header_goes_before_path_before_cookie_before_key(names, given_ones):
    header, path, cookie, key = (name if is_given else None for name, is_given in zip(names, given_ones, strict=True))
    headers = {"authorization": f"Bearer {KEYS['admin']}" + (f".{key}" if key else "")}
    headers |= {"x_mock_world": header} if header else {}
    headers |= {"cookie": f"consent; theme=dark; mock_world={cookie}; other=1"} if cookie else {}
    found = read_address(scope(f"/__w/{path}{PATH}" if path else PATH, **headers))
    assert found.world == next((name for name in (header, path, cookie, key) if name), None)
    assert found.scope["root_path"] == (f"/__w/{path}" if path else "")


@given(NAMES, st.sampled_from(["", "/", PATH, "/__mock/clock"]))
def test_a_path_without_its_world_is_what_follows(name, rest):
    assert path_in_world(f"/__w/{name}{rest}") == rest
    assert path_in_world(rest) == rest


@pytest.mark.parametrize("name", ["", "a.b", "a b", "ä", "x" * 65, "../up"])
def test_what_no_world_can_be_called_is_refused(name):
    with pytest.raises(ApiError) as refusal:
        read_address(scope(f"/__w/{name}/api/"))
    assert (refusal.value.status, refusal.value.attr) == (400, "X-Mock-World")


@pytest.mark.parametrize(
    "token", ["Bearer a.b.c", "Bearer phx_mock_adminx.w1", "Basic a.b", "Bearer", f"{KEYS['admin']}.w"]
)
def test_a_key_that_nobody_has_names_no_world(token):
    assert read_address(scope(authorization=token)).world is None


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_no_cookie_breaks_the_address(text):
    assert read_address(scope(cookie=text)).world is None or "mock_world" in text
