"""From an operation's id to the function that answers it."""

import importlib
from collections.abc import Mapping
from typing import Any

from batch_exports.contract.operation_spec import Handler
from batch_exports.contract.stub import is_stub
from batch_exports.contract.upstream import Resolution, Resolver


class HandlerResolver:
    """Finds `operationId` as a function of the module that is named after its tag, in one package."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __call__(self, operation_id: str, tag: str) -> Handler | None:
        """The function; None if it does not exist or is a stub. A module that fails to import raises."""
        name = f"{self._package}.{tag}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            # Only the module itself may be missing: one that it imports is a broken handler, which must be seen.
            if error.name == name:
                return None
            raise
        function = vars(module).get(operation_id)
        return function if callable(function) and not is_stub(function) else None


class TableResolver(Resolver):  # type: ignore[misc]  # its base has no types
    """Tells Connexion which function answers which operation."""

    def __init__(self, functions: Mapping[str, Handler]) -> None:
        super().__init__()
        self._functions = functions

    def resolve(self, operation: Any) -> Resolution:
        """The function behind one of Connexion's operations."""
        return Resolution(self._functions[operation.operation_id], operation.operation_id)
