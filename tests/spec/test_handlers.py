"""Every operation has its function, and every function its operation."""

import importlib
import inspect
import pkgutil

import pytest

import handlers
from batch_exports.contract.params import python_name
from tests.spec.document import document, operations

TAGS = [tag["name"] for tag in document()["tags"]]


def test_every_tag_is_a_module_of_handlers():
    modules = {module.name for module in pkgutil.iter_modules(handlers.__path__) if not module.name.startswith("_")}
    assert modules == set(TAGS)


@pytest.mark.parametrize("tag", TAGS)
def test_operations_and_handlers_are_one_to_one(tag):
    assert set(_handlers(tag)) == {each.id for each in operations() if each.node["tags"] == [tag]}


@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)
def test_a_handler_takes_what_its_operation_declares(operation):
    offered = {python_name(each["name"], each["in"]) for each in operation.parameters} - {"project_id"}
    parameters = inspect.signature(_handlers(operation.node["tags"][0])[operation.id]).parameters.values()
    taken = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    assert taken - {"body", "ctx"} == offered
    assert "body" not in taken or operation.body is not None


def _handlers(tag):
    module = importlib.import_module(f"handlers.{tag}")
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
