"""One operation, compiled: what can be decided before the first request has been decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from batch_exports.contract.body import BodyReader
from batch_exports.contract.checks import Checks
from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError
from batch_exports.contract.operation_spec import Handler, OperationSpec
from batch_exports.contract.params import HeaderReader, PathReader, QueryReader
from batch_exports.contract.request import Request
from batch_exports.contract.responses import Responder, Response
from batch_exports.contract.security import ANONYMOUS, Guard, project_of
from batch_exports.contract.signatures import BODY, CONTEXT

Translate = Callable[[Exception], ApiError | None]
"""Gives an exception of a handler its answer; None for one that nobody foresaw."""

_NOT_IMPLEMENTED = 501


@dataclass(slots=True, kw_only=True)
class Operation:
    """Answers the requests of one operation."""

    spec: OperationSpec
    handler: Handler
    takes_context: bool
    guard: Guard | None
    project_index: int | None
    """Where the project stands among the path's parameters."""
    tail: int
    """How many segments of the path follow the project's collection."""
    path: PathReader | None
    query: QueryReader
    headers: HeaderReader | None
    body: BodyReader | None
    responder: Responder
    checks: Checks
    translate: Translate

    async def answer(self, request: Request, texts: Sequence[str]) -> Response:
        """The response to a request whose path held these parameter texts; ApiError for one that is refused.

        Callers are admitted before anything of theirs is read, so that strangers learn nothing from its errors.
        """
        principal = ANONYMOUS if self.guard is None else await self.guard.admit(request)
        project_id = 0 if self.project_index is None else project_of(principal, texts[self.project_index])
        arguments: dict[str, Any] = {}
        if self.path is not None:
            self.path.read(texts, arguments)
        if (query := request.scope["query_string"]) or not self.query.may_be_empty:
            self.query.read(query, arguments)
        else:
            arguments |= self.query.defaults
        if (headers := self.headers) is not None:
            if headers.may_be_absent and headers.names.isdisjoint(request.headers):
                arguments |= headers.defaults
            else:
                headers.read(request, arguments)
        if self.body is not None:
            arguments[BODY] = await self.body.read(request)
        if self.takes_context:
            arguments[CONTEXT] = Context(request, self.spec.id, principal, project_id, self.checks, self.tail)
        try:
            result = await self.handler(**arguments)
        except Exception as error:  # noqa: BLE001  # what nobody foresaw is raised again
            return self._refuse(error)
        return self.responder.accept(result)

    def _refuse(self, error: Exception) -> Response:
        problem = error if isinstance(error, ApiError) else self.translate(error)
        if problem is None:
            raise error
        if problem.status == _NOT_IMPLEMENTED:
            # The contract cannot document that it is ahead of the server.
            raise problem
        return self.responder.refuse(problem)
