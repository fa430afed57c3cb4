"""Routing, held against a search through all templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.router import Router, parameter_names
from batch_exports.contract.spec import SpecError

WORDS = ["a", "b", "c"]
templates = st.lists(st.sampled_from([*WORDS, "{x}"]), min_size=1, max_size=4).map(tuple)
paths = st.lists(st.sampled_from([*WORDS, "d", ""]), min_size=0, max_size=5).map(tuple)


def fits(template: tuple[str, ...], path: tuple[str, ...]) -> bool:
    pairs = zip(template, path, strict=False)
    return len(template) == len(path) and all(part == text or (part == "{x}" and text) for part, text in pairs)


def concreteness(template: tuple[str, ...]) -> list[bool]:
    return [part != "{x}" for part in template]


@given(declared=st.sets(templates, max_size=6), path=paths, slash=st.sampled_from(["", "/"]))
def test_the_most_concrete_template_that_fits_wins(declared, path, slash):
    router: Router[str] = Router()
    for template in declared:
        router.add("/" + "/".join(template) + "/", "GET", "/".join(template))
    found = router.find("".join(f"/{part}" for part in path) + slash)
    # An empty last segment and a final slash are the same text.
    wanted = path if slash else (path[:-1] if path and path[-1] == "" else path)
    matches = sorted((each for each in declared if fits(each, wanted)), key=concreteness, reverse=True)
    if not matches:
        assert found is None
    else:
        node, values = found
        assert node.targets["GET"] == "/".join(matches[0])
        assert values == [text for part, text in zip(matches[0], wanted, strict=True) if part == "{x}"]


def test_a_method_can_be_declared_once_only():
    router: Router[int] = Router()
    router.add("/a/{x}/", "GET", 1)
    with pytest.raises(SpecError, match="declared twice"):
        router.add("/a/{y}", "GET", 2)


def test_allowed_methods_are_sorted_and_head_comes_with_get():
    router: Router[int] = Router()
    router.add("/a", "POST", 1)
    router.add("/b", "PUT", 1)
    router.add("/b", "GET", 1)
    assert router.find("/a")[0].allow == "OPTIONS, POST"
    assert router.find("/b")[0].allow == "GET, HEAD, OPTIONS, PUT"


@pytest.mark.parametrize("path", ["/a/x{y}", "/a/{y}x", "/{y/a"])
def test_a_parameter_is_a_whole_segment(path):
    with pytest.raises(SpecError, match="whole segment"):
        Router[int]().add(path, "GET", 1)


def test_parameter_names_come_from_left_to_right():
    assert parameter_names("/{b}/x/{a}/") == ["b", "a"]


def test_a_path_of_many_segments_is_just_not_found():
    router: Router[int] = Router()
    router.add("/{x}/{y}", "GET", 1)
    assert router.find("/a" * 100_000) is None
