"""What the document says about each operation, for the compiler, for tools and for answers made from examples."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_exports.contract.body import JSON
from batch_exports.contract.responses import success_status
from batch_exports.contract.spec import Spec, SpecError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Handler = Callable[..., Any]
Resolve = Callable[[str, str], Handler | None]
"""Finds the handler of an operation by its id and its tag; None when it has none yet."""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation of the document, references resolved one level deep."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    scopes: tuple[str, ...]
    ignored: frozenset[str]
    """Query parameters that are taken without a look at them."""
    responses: Mapping[str, Mapping[str, Any]] = field(repr=False)
    body: Mapping[str, Any] | None = field(repr=False)
    handler: Handler | None = field(repr=False)
    document: Spec = field(repr=False)

    @property
    def implemented(self) -> bool:
        """Whether a handler stands behind it."""
        return self.handler is not None

    @property
    def success_status(self) -> int:
        """The lowest success that it documents."""
        return success_status(self.responses)

    def examples(self, status: int) -> dict[str, Any]:
        """The named examples of a response's body, in the document's order; an unnamed one is called `default`."""
        content = self.responses.get(str(status), {}).get("content", {}).get(JSON, {})
        named = {name: self.document.resolve(each).get("value") for name, each in content.get("examples", {}).items()}
        if named:
            return named
        for holder in (content, self.document.resolve(content.get("schema", {}))):
            if "example" in holder:
                return {"default": holder["example"]}
        return {}


def describe_operations(spec: Spec, resolve: Resolve) -> list[OperationSpec]:
    """Every operation, in the document's order; SpecError where ids repeat or are missing."""
    described: dict[str, OperationSpec] = {}
    for path, method, operation in _operations(spec):
        one = _describe(spec, resolve, path, method, operation)
        if one.id in described:
            raise SpecError(f"operationId {one.id} is used twice")
        described[one.id] = one
    return list(described.values())


def _operations(spec: Spec) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in spec.document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _describe(spec: Spec, resolve: Resolve, path: str, method: str, operation: Mapping[str, Any]) -> OperationSpec:
    name, tags = operation.get("operationId"), operation.get("tags", [])
    if not name or len(tags) != 1:
        raise SpecError(f"{method.upper()} {path} needs an operationId and exactly one tag")
    body = operation.get("requestBody")
    return OperationSpec(
        id=name,
        method=method.upper(),
        path=path,
        tag=tags[0],
        summary=operation.get("summary", ""),
        scopes=tuple(operation.get("x-required-scopes", ())),
        ignored=frozenset(operation.get("x-ignored-parameters", ())),
        responses={str(status): spec.resolve(each) for status, each in operation["responses"].items()},
        body=None if body is None else spec.resolve(body),
        handler=resolve(name, tags[0]),
        document=spec,
    )
