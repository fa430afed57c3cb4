"""Finds the operation of the contract that a request is for."""

from collections.abc import Iterable

from batch_exports.contract.middleware import server_paths
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.router import Router


class Operations:
    """The operations by method and path."""

    def __init__(self, operations: Iterable[OperationSpec]) -> None:
        self._router: Router[OperationSpec] = Router()
        self._ids: set[str] = set()
        for operation in operations:
            self._ids.add(operation.id)
            for base in server_paths(operation.document.document):
                self._router.add(base + operation.path, operation.method, operation)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all operations."""
        return frozenset(self._ids)

    def find(self, method: str, path: str) -> OperationSpec | None:
        """The operation of a method and path."""
        found = self._router.find(path)
        return found and found[0].targets.get("GET" if method == "HEAD" else method)
