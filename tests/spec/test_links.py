import re

import pytest
import schemathesis
from hypothesis.stateful import RuleBasedStateMachine

from tests.spec.document import PATH, document, implemented, operations, resolve

BY_ID = {each.id: each for each in operations()}
LINKS = [(each, name, link) for each in operations() for name, link in each.links.items()]
NAMES = [f"{each.id}-{name}" for each, name, _ in LINKS]
REGEX = re.compile(r"(?P<pointer>[^#]*)(#regex:(?P<regex>.+))?")


@pytest.mark.parametrize(("source", "name", "link"), LINKS, ids=NAMES)
def test_a_link_leads_to_an_operation_that_takes_its_parameters(source, name, link):
    target = BY_ID[link["operationId"]]
    known = {parameter["name"] for parameter in target.parameters}
    needed = {parameter["name"] for parameter in target.parameters if parameter.get("required")}
    assert set(link["parameters"]) <= known
    assert needed - {"destination"} <= set(link["parameters"])


@pytest.mark.parametrize(("source", "name", "link"), LINKS, ids=NAMES)
def test_every_value_of_a_link_is_found_in_the_request_or_in_an_example(source, name, link):
    for expression in link["parameters"].values():
        kind, _, rest = expression.partition("#")
        if kind == "$response.body":
            assert _found(source, rest), expression
        else:
            place, parameter = re.fullmatch(r"\$request\.(path|query)\.(\w+)", expression).groups()
            assert (place, parameter) in {(each["in"], each["name"]) for each in source.parameters}


@pytest.mark.parametrize(("source", "name", "link"), LINKS, ids=NAMES)
def test_a_linked_identifier_is_one_of_the_examples(source, name, link):
    target = BY_ID[link["operationId"]]
    kinds = {each["name"]: each["schema"] for each in target.parameters}
    for parameter, expression in link["parameters"].items():
        _, _, rest = expression.partition("$response.body#")
        if rest and kinds[parameter].get("format") == "uuid":
            assert all(re.fullmatch(r"[0-9a-f-]{36}", value) for value in _found(source, rest))


def test_every_link_component_is_used():
    used = {each["$ref"].rpartition("/")[2] for each in _references()}
    assert used == set(document()["components"]["links"])


def test_links_keep_the_names_of_their_components():
    for each in operations():
        for answer in each.node["responses"].values():
            for name, link in answer.get("links", {}).items():
                assert link == {"$ref": f"#/components/links/{name}"}


def test_every_operation_on_an_object_is_reached_by_a_link():
    reached = {link["operationId"] for _, _, link in LINKS}
    assert {each.id for each in implemented() if "/{id}/" in each.path} - reached == {"backfill_export"}


def test_what_is_created_leads_to_what_can_be_done_with_it():
    assert _targets("create_export") >= {
        "get_export",
        "update_export",
        "replace_export",
        "pause_export",
        "delete_export",
        "create_backfill",
    }
    assert _targets("create_backfill") >= {"get_backfill", "cancel_backfill"}
    assert _targets("get_run") >= {"cancel_run", "retry_run", "list_run_logs", "get_export"}


@pytest.mark.parametrize("name", [each.id for each in operations() if each.id.startswith("list_")])
def test_a_page_leads_to_the_next_page_and_to_its_first_row(name):
    if name == "list_test_steps":
        return
    assert name in _targets(name)
    assert {target for target in _targets(name) if target.startswith("get_")}


def test_a_state_machine_is_built_from_the_links():
    machine = schemathesis.openapi.from_path(str(PATH)).as_state_machine()
    assert issubclass(machine, RuleBasedStateMachine)


def _references():
    return [
        link
        for each in operations()
        for answer in each.node["responses"].values()
        for link in resolve(answer).get("links", {}).values()
    ]


def _targets(name):
    return {link["operationId"] for link in BY_ID[name].links.values()}


def _found(source, rest):
    """What a pointer, and the regular expression behind it, find in the examples of an operation's answer."""
    parts = REGEX.fullmatch(rest)
    values = [_at(resolve(example)["value"], parts["pointer"]) for example in _examples(source)]
    texts = [value for value in values if value is not None]
    if parts["regex"] is None:
        return texts
    return [match[1] for match in (re.search(parts["regex"], text) for text in texts) if match]


def _examples(source):
    (answer,) = source.successes.values()
    return answer["content"]["application/json"]["examples"].values()


def _at(value, pointer):
    for part in pointer.removeprefix("/").split("/"):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError):
            return None
    return value
