"""Compiles the operations that Connexion reads from the document into ones that answer requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_exports.contract.body import JSON, BodyReader
from batch_exports.contract.checks import Checks
from batch_exports.contract.errors import not_implemented
from batch_exports.contract.operation import Operation, Translate
from batch_exports.contract.operation_spec import Handler, OperationSpec
from batch_exports.contract.params import HeaderReader, Parameter, PathReader, QueryReader
from batch_exports.contract.request import Limits
from batch_exports.contract.responses import Responder
from batch_exports.contract.router import parameter_names
from batch_exports.contract.security import Authenticator, Guard, Throttle
from batch_exports.contract.signatures import BODY, require_signature, takes_context
from batch_exports.contract.spec import Spec, SpecError

PROJECT = "project_id"

Missing = Callable[[OperationSpec], Handler]
"""Makes the handler of an operation that has none."""


def answer_not_implemented(operation: OperationSpec) -> Handler:
    """A handler that says that there is none yet."""

    async def answer(**_: object) -> None:
        raise not_implemented(operation.id)

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """What all operations of one application share."""

    spec: Spec
    checks: Checks
    authenticate: Authenticator
    throttle: Throttle | None
    translate: Translate
    limits: Limits

    def compile(self, described: OperationSpec, parsed: Any) -> Operation:
        """The operation that answers requests; `parsed` is what Connexion read. SpecError if the two do not fit."""
        placed = self._parameters(described, parsed.parameters)
        names = parameter_names(described.path)
        paths = [(names.index(each.name), each) for each in placed["path"] if each.name != PROJECT]
        read = [*(each for _, each in paths), *placed["query"], *placed["header"]]
        offered = {each.argument for each in read} | ({BODY} if described.body else set())
        require_signature(described.id, parsed.function, offered)
        return Operation(
            spec=described,
            handler=parsed.function,
            takes_context=takes_context(parsed.function),
            guard=self._guard(described, parsed.security, parsed.security_schemes),
            project_index=names.index(PROJECT) if PROJECT in names else None,
            tail=_tail(described.path),
            path=PathReader(paths) if paths else None,
            query=QueryReader(placed["query"], described.ignored, self.limits.query_fields),
            headers=HeaderReader(placed["header"]) if placed["header"] else None,
            body=self._body(described),
            responder=Responder(described.id, described.responses, self.spec, self.checks),
            checks=self.checks,
            translate=self.translate,
        )

    def _parameters(
        self, described: OperationSpec, declared: Sequence[Mapping[str, Any]]
    ) -> dict[str, list[Parameter]]:
        placed: dict[str, list[Parameter]] = {"path": [], "query": [], "header": []}
        for each in {(one["in"], one["name"]): one for one in reversed(declared)}.values():
            if each["in"] not in placed or "schema" not in each:
                raise SpecError(f"{described.id}: the kind of parameter {each['name']} is not supported")
            placed[each["in"]].append(Parameter(each, self.spec, self.checks))
        declared_names = {each.name for each in placed["path"]}
        if declared_names != set(parameter_names(described.path)):
            raise SpecError(f"{described.id}: the parameters of its path and the declared ones differ")
        for each in placed.values():
            each.reverse()
        return placed

    def _guard(
        self,
        described: OperationSpec,
        requirements: Sequence[Mapping[str, Any]] | None,
        schemes: Mapping[str, Mapping[str, Any]],
    ) -> Guard | None:
        if requirements == []:
            return None
        names = [name for requirement in requirements or () for name in requirement]
        if len(names) != 1 or schemes.get(names[0], {}).get("scheme", "").lower() != "bearer":
            raise SpecError(f"{described.id} needs exactly one bearer scheme, or `security: []`")
        if not described.scopes:
            raise SpecError(f"{described.id} needs x-required-scopes")
        return Guard(self.authenticate, described.scopes, self.throttle)

    def _body(self, described: OperationSpec) -> BodyReader | None:
        if described.body is None:
            return None
        content = described.body["content"]
        if list(content) != [JSON]:
            raise SpecError(f"{described.id}: only {JSON} bodies are supported")
        check = self.checks.incoming(content[JSON]["schema"])
        return BodyReader(check, self.limits, required=described.body.get("required", False))


def _tail(path: str) -> int:
    segments = path.strip("/").split("/")
    project = segments.index(f"{{{PROJECT}}}") if f"{{{PROJECT}}}" in segments else -1
    return max(0, len(segments) - (project + 2))
