"""Holds single answers against the contract, whichever client received them."""

import copy
from collections.abc import Mapping
from typing import Any

import httpx

from batch_exports.conformance.operations import operation_of
from batch_exports.conformance.strict_responses import close_responses
from batch_exports.contract.body import JSON
from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import Spec, load_spec


class ContractBrokenError(AssertionError):
    """An answer is not one that the contract has."""


class Contract:
    """The contract that the product carries."""

    def __init__(self) -> None:
        document = copy.deepcopy(load_spec().document)
        close_responses(document)
        self._spec = Spec(document, b"")
        self._schemas = Schemas(self._spec, Mode.RESPONSE)

    def check(self, response: httpx.Response) -> None:
        """Raise ContractBrokenError unless the contract has this answer."""
        request = response.request
        operation = operation_of(request.method, str(request.url))
        if operation is None:
            raise ContractBrokenError(f"{request.method} {request.url.path} is no operation of the contract")
        place = f"{operation.id} {response.status_code}"
        documented = self._response(operation.path, operation.method, response.status_code)
        if documented is None:
            raise ContractBrokenError(f"{place}: the operation has no such status")
        self._check_headers(place, documented, response)
        if JSON in documented.get("content", {}):
            self._check_body(place, documented, response)

    def _response(self, path: str, method: str, status: int) -> Mapping[str, Any] | None:
        node = self._spec.document["paths"][path][method.lower()]["responses"].get(str(status))
        return None if node is None else self._spec.resolve(node)

    def _check_headers(self, place: str, documented: Mapping[str, Any], response: httpx.Response) -> None:
        for name, header in documented.get("headers", {}).items():
            if self._spec.resolve(header).get("required") and name not in response.headers:
                raise ContractBrokenError(f"{place}: the header {name} is missing")

    def _check_body(self, place: str, documented: Mapping[str, Any], response: httpx.Response) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind != JSON:
            raise ContractBrokenError(f"{place}: the media type is {kind or 'missing'}, not {JSON}")
        validator = self._schemas.validator(documented["content"][JSON]["schema"])
        for error in validator.iter_errors(_body(place, response)):
            pointer = "/".join(map(str, error.instance_path))
            raise ContractBrokenError(f"{place}: {pointer or 'the body'}: {error.message[:500]}")


def _body(place: str, response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise ContractBrokenError(f"{place}: the body is no JSON") from None
