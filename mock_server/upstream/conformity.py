"""Whether what an upstream answers keeps the contract."""

from collections.abc import Mapping

import orjson

from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.responses import ContractBroken, Responder
from mock_server.operations import Operations

_MEDIA_TYPE = "application/json"


class Conformity:
    """Holds answers against the contract, whose checks are made when they are first needed."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._responders: dict[str, Responder] = {}

    def breach(self, operation: OperationSpec, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
        """What an answer breaks, in words that repeat no value; None when it keeps the contract."""
        value = None
        if body:
            if headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
                return f"{operation.id}: status {status}: the body is not declared as {_MEDIA_TYPE}"
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                return f"{operation.id}: status {status}: the body is not JSON"
        try:
            self._responder(operation).accept((value, status, headers))
        except ContractBroken as broken:
            return str(broken)
        return None

    def _responder(self, operation: OperationSpec) -> Responder:
        if operation.id not in self._responders:
            checks = self._operations.checks
            self._responders[operation.id] = Responder(operation.id, operation.responses, operation.document, checks)
        return self._responders[operation.id]
