"""Answers made from the contract's examples, for operations that nothing implements yet and for overridden ones."""

from typing import Any

from batch_exports.contract.errors import not_implemented
from batch_exports.contract.operation_spec import Handler, OperationSpec

SOURCE = "X-Mock-Source"
"""The header that says what an answer was made by."""

EXAMPLES_AT = "http://localhost:8000"
"""The origin of the links in the contract's examples."""


def answer_with_example(operation: OperationSpec) -> Handler:
    """A handler that answers the first example of the operation's success."""
    status = operation.success_status
    examples = operation.examples(status)
    headers = {**example_headers(operation, status), SOURCE: "example"}

    async def answer(**_: object) -> tuple[Any, int, dict[str, str]]:
        if not examples and has_body(operation, status):
            raise not_implemented(operation.id)
        return next(iter(examples.values()), None), status, headers

    return answer


def has_body(operation: OperationSpec, status: int) -> bool:
    """Whether the operation documents a body for a status."""
    return bool(operation.responses.get(str(status), {}).get("content"))


def example_headers(operation: OperationSpec, status: int) -> dict[str, str]:
    """The headers that the operation documents for a status, as in their examples."""
    resolve = operation.document.resolve
    headers: dict[str, str] = {}
    for name, declared in operation.responses.get(str(status), {}).get("headers", {}).items():
        header = resolve(declared)
        example = header.get("example", resolve(header.get("schema", {})).get("example"))
        if example is not None:
            headers[name] = str(example)
    return headers
