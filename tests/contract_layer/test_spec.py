"""Reading the document: strictly, and without Connexion's surprises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.document import read_document
from batch_exports.contract.spec import SpecError, find_spec, load_spec, parse_spec


def parse(text: str):
    return parse_spec(f"paths: {{}}\nx: {text}\n".encode()).document["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("5", 5), ("-3", -3), ("0", 0), ("1.5", 1.5), ("null", None),
     ("'2026-03-02'", "2026-03-02"), ("'on'", "on"), ("every 5 minutes", "every 5 minutes"),
     ("'{{ interval }}'", "{{ interval }}")],
)  # fmt: skip
def test_plain_values_are_read_as_everybody_reads_them(text, value):
    assert parse(text) == value
    assert type(parse(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["on", "Off", "yes", "NO", "True", "2026-03-02", "2026-03-02T00:00:00Z", "010", "1_000", "0x1F", "22:22"]
)
def test_values_that_yaml_versions_read_differently_must_be_quoted(text):
    with pytest.raises(SpecError, match=r"line 2: .*quote it"):
        parse(text)


def test_a_repeated_key_is_an_error_with_its_line():
    with pytest.raises(SpecError, match=r"lab\.yaml: line 3: the key a appears twice"):
        parse_spec(b"paths: {}\na: 1\na: 2\n", name="lab.yaml")


def test_a_status_may_be_written_as_a_number():
    assert parse("{200: ok}") == {"200": "ok"}


@pytest.mark.parametrize(
    "source", [b"", b"[]", b"a: 1", b"paths: []", b"a: [", b"!!python/object:x.y {}", b"\xff\xfe\xff"]
)
def test_what_is_no_document_is_an_error(source):
    with pytest.raises(SpecError):
        parse_spec(source)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SpecError, match="cannot read the contract"):
        load_spec(tmp_path / "nope.yaml")


def test_the_products_own_document_is_found():
    assert find_spec().name == "batch_exports.yaml"


@pytest.mark.parametrize(
    ("reference", "said"),
    [("#/nope", "refers to nothing"), ("#/x/y/z", "refers to nothing"), ("other.yaml#/a", "same document"),
     ("#/loop", "refers to itself"), ("#/text", "does not refer to an object")],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_is_an_error(reference, said):
    spec = parse_spec(b"paths: {}\nx: {y: 5}\ntext: t\nloop: {$ref: '#/loop'}\n")
    with pytest.raises(SpecError, match=said):
        spec.resolve({"$ref": reference})


def test_references_are_followed_to_their_end_and_unescaped():
    spec = parse_spec(b"paths: {}\na: {$ref: '#/b~1c'}\nb/c: {$ref: '#/d~0'}\nd~: {v: 1}\n")
    assert spec.resolve({"$ref": "#/a"}) == {"v": 1}


@given(
    one=st.text(st.characters(codec="utf-8", categories=["L"])),
    other=st.text(st.characters(codec="utf-8", categories=["L"])),
)
def test_the_etag_changes_with_the_source(one, other):
    first, second = (parse_spec(f"paths: {{}} # {text}\n".encode()) for text in (one, other))
    assert (first.etag == second.etag) == (one == other)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("openapi: 3.1.0\ninfo: {title: t, version: v}", "at openapi"),
        ("info: {title: t, version: v}", "openapi"),
        ("openapi: 3.0.3", "info"),
        ("openapi: 3.0.3\ninfo: {title: t, version: 5}", "at info/version"),
    ],
)
def test_what_is_not_openapi_3_0_is_an_error_with_its_place(head, said):
    with pytest.raises(SpecError, match=f"not valid OpenAPI 3.0.*{said}"):
        read_document(parse_spec(f"{head}\npaths: {{}}\n".encode()))
