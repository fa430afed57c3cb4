"""Each way in which a handler leaves its operation is told, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.spec import SpecError
from batch_exports.stubs.drift import drift_of
from batch_exports.stubs.module import Module
from batch_exports.stubs.plan import plan_for
from batch_exports.stubs.signatures import arguments_of
from tests.spec.document import ROOT
from tests.stubs.small_specs import SCHEMAS, operation_lists, operations_of

PATH = ROOT / "handlers" / "things.py"
QUERY = [
    {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 20}},
    {"name": "search", "in": "query", "schema": {"type": "string"}},
]
BODY = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingCreate"}}}}
NODE = {
    "operationId": "do_it",
    "tags": ["things"],
    "parameters": QUERY,
    "requestBody": BODY,
    "responses": {"204": {"description": "Done."}},
}
OPERATIONS = operations_of(NODE)
RIGHT = '*, id: UUID, body: "ThingCreate", limit: int, search: str | None, ctx: Context'


def problems(signature, name="do_it", before="async def"):
    module = Module(PATH, f"\n{before} {name}({signature}):\n    ...\n")
    return [text for _, text in drift_of(module, OPERATIONS)]


@pytest.mark.parametrize(
    "signature",
    [
        RIGHT,
        "id, body, limit, search",
        "*, ctx, search, limit=20, body, id",
        "id: UUID, body: Json, limit: int = 20, search: 'None | str' = None",
        "id: Any, body: dict[str, Any], limit: int, search: str | None, **_ignored: Any",
        "id, limit, search, **_ignored",
    ],
)
def test_a_handler_that_fits_is_left_alone(signature):
    assert problems(signature) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("limit: int, ", "", "do_it does not take limit, which the contract declares"),
        ('body: "ThingCreate", ', "", "do_it does not take body, which the contract declares"),
        ("ctx", "colour: str, ctx", "do_it takes colour, which the contract does not declare"),
        ("search", "text", "do_it takes text, which the contract calls search"),
        ("limit: int", "limit: int = 50", "do_it has 50 as the default of limit, the contract has 20"),
        ("limit: int", "limit: int = 20.0", "do_it has 20.0 as the default of limit, the contract has 20"),
        ("limit: int", "limit: int = MOST", "do_it has MOST as the default of limit, the contract has 20"),
        ("str | None", 'str | None = ""', "do_it has '' as the default of search, the contract has None"),
        ("limit: int", "limit: str", "do_it says that limit is str, it is int"),
        ("limit: int", "limit: int | None", "do_it says that limit is int | None, it is int"),
        ("str | None", "str", "do_it says that search is str, it is str | None"),
        ("ThingCreate", "ThingUpdate", "do_it says that body is ThingUpdate, it is ThingCreate"),
        ("*, id: UUID", "id: UUID, /", "do_it does not take id, which the contract declares"),
    ],
)  # fmt: skip
def test_each_drift_is_told_alone(old, new, said):
    assert RIGHT.count(old) == 1
    assert problems(RIGHT.replace(old, new)) == [said]


def test_a_default_for_what_every_request_brings_is_told():
    said = "do_it has a default for id, which every request has to bring"
    assert problems("*, id=None, body, limit, search") == [said]


def test_a_handler_that_is_not_async_is_told():
    assert problems(RIGHT, before="def") == ["do_it is not an async function"]


def test_a_handler_without_an_operation_is_told():
    assert problems("", name="do_that") == ["do_that is no operation of the tag things"]
    assert problems("", name="_do_that") == problems("", name="do_that", before="def") == []


def test_a_name_that_is_no_function_is_told_and_not_written_over():
    assert list(drift_of(Module(PATH, "do_it = 5\n"), OPERATIONS)) == [(1, "do_it is not a function of this module")]


def test_a_problem_is_told_where_the_handler_stands():
    [(line, _)] = drift_of(Module(PATH, "# first\n\n\n@marked\nasync def do_that(): ...\n"), OPERATIONS)
    assert line == 5


@given(operation_lists, st.data())
def test_an_argument_that_is_left_out_is_always_told(operations, data):
    operation = data.draw(st.sampled_from(operations))
    arguments = arguments_of(operation)
    lost = data.draw(st.sampled_from(arguments))
    kept = ", ".join(each.name for each in arguments if each != lost)
    module = Module(PATH, f"async def {operation.id}({kept}): ...\n")
    assert [text for _, text in drift_of(module, [operation])] == [
        f"{operation.id} does not take {lost.name}, which the contract declares"
    ]


@pytest.mark.parametrize(("key", "name"), [("operationId", "do-it"), ("operationId", "class"), ("tags", "my things")])
def test_a_name_that_no_handler_can_have_is_refused(tmp_path, key, name):
    [operation] = operations_of(NODE | {key: [name] if key == "tags" else name})
    with pytest.raises(SpecError, match=f"no handler can be found by the name '{name}'"):
        plan_for(operation.document, tmp_path)


def test_a_module_that_is_not_python_is_refused(tmp_path):
    (tmp_path / "things.py").write_text("async def :\n")
    with pytest.raises(SpecError, match=r"things\.py: cannot be read as Python"):
        plan_for(OPERATIONS[0].document, tmp_path)


def test_a_parameter_of_a_type_that_no_handler_gets_is_refused():
    [operation] = operations_of(NODE | {"parameters": [QUERY[0] | {"schema": {"type": "object"}}]})
    with pytest.raises(SpecError, match="type object is not supported in a parameter"):
        arguments_of(operation)


def test_ids_are_told_apart_from_other_texts():
    parameter = {"name": "of", "in": "query", "required": True, "schema": SCHEMAS[-1]}
    [operation] = operations_of(NODE | {"parameters": [parameter]})
    assert [each.type for each in arguments_of(operation)] == ["UUID", "ThingCreate", "UUID"]
