"""Finds the operation of the contract that a request is for."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property

from batch_exports.contract.checks import Checks
from batch_exports.contract.middleware import server_paths
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.router import Router

ALL = "*"
"""What stands for all operations."""

_NEAREST = 3
_LIKENESS = 0.4


class UnknownOperationError(Exception):
    """No operation has this id."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = get_close_matches(name, names, _NEAREST, _LIKENESS) or names
        super().__init__(f"There is no operation '{name}'. The nearest are: {', '.join(nearest)}; {ALL} for all.")


class Operations:
    """The operations by method and path."""

    def __init__(self, operations: Iterable[OperationSpec]) -> None:
        self._router: Router[OperationSpec] = Router()
        self._by_id = {operation.id: operation for operation in operations}
        for operation in self:
            for base in server_paths(operation.document.document):
                self._router.add(base + operation.path, operation.method, operation)

    def __iter__(self) -> Iterator[OperationSpec]:
        """The operations, in the contract's order."""
        return iter(self._by_id.values())

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all operations."""
        return frozenset(self._by_id)

    @cached_property
    def checks(self) -> Checks:
        """The contract's schemas, compiled when somebody first asks what a value breaks."""
        return Checks(next(iter(self)).document)

    def choose(self, names: Iterable[str]) -> frozenset[str]:
        """The ids among these names, or all; raises UnknownOperationError."""
        chosen = frozenset(names)
        for name in sorted(chosen - self.ids - {ALL}):
            raise UnknownOperationError(name, self.ids)
        return self.ids if ALL in chosen else chosen

    def get(self, operation_id: str) -> OperationSpec | None:
        """The operation of an id."""
        return self._by_id.get(operation_id)

    def find(self, method: str, path: str) -> OperationSpec | None:
        """The operation of a method and path."""
        found = self._router.find(path)
        return found and found[0].targets.get("GET" if method == "HEAD" else method)
