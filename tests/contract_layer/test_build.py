"""Mistakes that stop the start instead of a request."""

import sys

import pytest

from batch_exports.contract import ApiError
from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import SpecError, parse_spec
from tests.contract_layer.lab import HANDLERS, ID, JSON, MANY, ONE, Client, authenticate, lab_app, lab_spec


def built(old: str, new: str):
    source = lab_spec().source.decode()
    assert old in source
    spec = parse_spec(source.replace(old, new, 1).encode())
    return build_app(spec, resolve=lambda name, _: HANDLERS.get(name), authenticate=authenticate)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("operationId: get_special", "operationId: get_thing", "operationId get_thing is used twice"),
        ("operationId: ping\n      ", "", "needs an operationId"),
        ("      x-required-scopes: [thing:read]\n", "", "list_things needs x-required-scopes"),
        ("security:\n  - bearerAuth: []\n", "", "needs exactly one bearer scheme"),
        ("scheme: bearer", "scheme: basic", "needs exactly one bearer scheme"),
        ("  - bearerAuth: []", "  - {}", "needs exactly one bearer scheme"),
        ("things/{id}/future/", "things/{thing}/future/", "its path and the declared ones differ"),
        ("in: query, schema: {type: boolean}", "in: cookie, schema: {type: boolean}", "done is not supported"),
        ("maximum: 1000, default: 100", "maximum: 1000, default: 5000", "parameter limit: its default is not valid"),
        ("schema: {type: boolean}", "schema: {type: object}", "type object is not supported in a parameter"),
        ("      content: {application/json: {schema: {$ref: '#/components/schemas/ThingCreate'}}}",
         "      content: {text/csv: {schema: {type: string}}}", "only application/json bodies are supported"),
        ("[things]", "[things, more]", "exactly one tag"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_served_stops_the_start(old, new, said):
    with pytest.raises(SpecError, match=said):
        built(old, new)


def test_a_reference_to_nothing_stops_the_start():
    with pytest.raises(Exception, match="Nothing"):
        built("'#/components/schemas/ThingCreate'", "'#/components/schemas/Nothing'")


def with_handler(name, handler):
    return lab_app(resolve=lambda wanted, _: handler if wanted == name else HANDLERS.get(wanted))


async def takes_nothing():
    return {}


async def takes_too_much(id, colour):
    return {}


async def takes_all(**arguments):
    return {"got": sorted(arguments)}


async def takes_more_if_offered(id, colour="red"):
    raise ApiError(404, "not_found", colour)


def is_not_async(id):
    return {}


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (takes_nothing, "get_thing does not take id, which the contract declares"),
        (takes_too_much, "get_thing asks for colour, which the contract does not declare"),
        (is_not_async, "get_thing must be an async function"),
    ],
)
def test_a_handler_that_does_not_fit_its_operation_stops_the_start(handler, said):
    with pytest.raises(SpecError, match=said):
        with_handler("get_thing", handler)


async def test_a_handler_may_take_whatever_there_is():
    answer = await Client(with_handler("touch_thing", takes_all)).send("PATCH", ONE)
    assert answer.json == {"got": ["body", "id"]}


async def test_a_handler_may_have_arguments_of_its_own_with_defaults():
    assert (await Client(with_handler("get_thing", takes_more_if_offered)).get(ONE)).problem[2] == "red"


async def test_an_object_may_be_a_handler():
    class Handler:
        async def __call__(self, id):
            return {"special": True, "id": id}

    app = with_handler("touch_thing", takes_all)
    assert (await Client(app).get(f"{MANY}special/")).status == 200
    with pytest.raises(SpecError, match="does not take body"):
        with_handler("touch_thing", Handler())


async def test_an_operation_without_a_handler_says_so(client):
    answer = await client.get(f"{ONE}future/")
    assert answer.problem[:2] == (501, "not_implemented")
    assert answer.json["type"] == "server_error"
    assert "foresee_thing" in answer.problem[2]


async def test_an_operation_without_a_handler_still_checks_its_requests(client):
    assert (await client.get(f"{ONE}future/?x=1")).status == 400


async def test_a_missing_handler_may_answer_from_the_examples():
    def from_example(operation):
        async def answer(**_):
            return next(iter(operation.examples(operation.success_status).values()))

        return answer

    answer = await Client(lab_app(missing=from_example)).get(f"{ONE}future/")
    assert (answer.status, answer.json) == (200, {"soon": True})


def test_operations_are_described_for_tools(app):
    described = {each.id: each for each in app.operations}
    assert len(described) == 9
    one = described["get_thing"]
    assert (one.method, one.path, one.tag, one.scopes) == (
        "GET",
        "/{project_id}/things/{id}/",
        "things",
        ("thing:read",),
    )
    assert one.implemented
    assert one.success_status == 200
    assert one.examples(200) == {"one": {"name": "one"}, "other": {"name": "other"}}
    assert one.examples(404) == {}
    assert described["create_thing"].success_status == 201
    assert described["get_special"].examples(200) == {"default": {"special": True}}
    assert not described["foresee_thing"].implemented


async def test_an_application_may_be_wrapped():
    seen = []

    def wrap(app):
        async def outer(scope, receive, send):
            seen.append(scope["path"])
            await app(scope, receive, send)

        return outer

    client = Client(lab_app(wrap=wrap))
    assert (await client.get(ONE)).status == 200
    assert seen == [ONE]


def package(tmp_path, monkeypatch, name, **modules):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return HandlerResolver(name)


def test_a_handler_is_found_in_the_module_of_its_tag(tmp_path, monkeypatch):
    resolve = package(tmp_path, monkeypatch, "found", things="async def get_thing(): ...\nother = 5\n")
    assert resolve("get_thing", "things") is sys.modules["found.things"].get_thing
    assert resolve("nope", "things") is None
    assert resolve("other", "things") is None
    assert resolve("get_thing", "nope") is None


@pytest.mark.parametrize("text", ["import surely_not_installed", "from broken_one import nothing", "1 / 0"])
def test_a_module_that_is_broken_is_not_taken_for_a_missing_one(tmp_path, monkeypatch, text):
    resolve = package(tmp_path, monkeypatch, f"broken_{abs(hash(text))}", things=text)
    with pytest.raises((ImportError, ZeroDivisionError)):
        resolve("get_thing", "things")


async def test_building_leaves_the_document_alone():
    spec = lab_spec()
    before = repr(spec.document)
    build_app(spec, resolve=lambda *_: None, authenticate=authenticate)
    assert repr(spec.document) == before


async def test_the_stack_is_built_before_the_first_request(app):
    assert app.middleware_stack is not None


async def test_two_applications_of_one_document_do_not_share_anything():
    first, second = lab_app(), lab_app(resolve=lambda *_: None)
    assert (await Client(first).get(ONE)).json["id"] == ID
    assert (await Client(second).get(ONE, JSON)).status == 501
