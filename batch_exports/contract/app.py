"""Builds the application: the contract, served by the handlers it names."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from batch_exports.contract.checks import Checks
from batch_exports.contract.compiler import Compiler, Missing, answer_not_implemented
from batch_exports.contract.document import read_document
from batch_exports.contract.errors import ApiError
from batch_exports.contract.middleware import DOCS_PATH, Contract, ContractMiddleware
from batch_exports.contract.operation import Translate
from batch_exports.contract.operation_spec import OperationSpec, Resolve, describe_operations
from batch_exports.contract.pages import YAML_PATH, Page, ReadyCheck, pages
from batch_exports.contract.request import Limits, Observe
from batch_exports.contract.resolver import TableResolver
from batch_exports.contract.security import Authenticator, Throttle
from batch_exports.contract.spec import Spec, load_spec
from batch_exports.contract.upstream import (
    API,
    ConnexionMiddleware,
    LifespanMiddleware,
    SwaggerUIMiddleware,
    SwaggerUIOptions,
)

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]
Wrap = Callable[[ASGIApp], ASGIApp]


class ContractApp(ConnexionMiddleware):  # type: ignore[misc]  # its base has no types
    """The ASGI application; `operations` describes what it serves."""

    def __init__(self, contract: Contract, missing: Missing, lifespan: Lifespan | None, wrap: Wrap | None) -> None:
        middlewares = [ContractMiddleware, SwaggerUIMiddleware, LifespanMiddleware]
        super().__init__(
            _nothing_else,
            import_name=__name__,
            lifespan=lifespan or _no_lifespan,
            middlewares=middlewares if wrap is None else [wrap, *middlewares],
        )
        self.operations: tuple[OperationSpec, ...] = tuple(contract.described.values())
        functions = {each.id: each.handler or missing(each) for each in self.operations}
        options = self.options.replace(
            resolver=TableResolver(functions),
            swagger_ui_options=SwaggerUIOptions(serve_spec=False, spec_path=YAML_PATH, swagger_ui_path=DOCS_PATH),
        )
        document = read_document(contract.compiler.spec)
        self.apis.append(API(document, base_path="", contract=contract, **vars(options)))
        # Connexion would do this on the first request; a mistake in the contract has to stop the start instead.
        self.app, self.middleware_stack = self._build_middleware_stack()


def build_app(
    spec: Spec | None = None,
    *,
    resolve: Resolve,
    authenticate: Authenticator,
    throttle: Throttle | None = None,
    lifespan: Lifespan | None = None,
    translate: Translate | None = None,
    missing: Missing = answer_not_implemented,
    ready: ReadyCheck | None = None,
    limits: Limits | None = None,
    observe: Observe | None = None,
    more_pages: Mapping[str, Page] = MappingProxyType({}),
    wrap: Wrap | None = None,
) -> ContractApp:
    """Compile the contract with its handlers; SpecError for a document or a handler that does not fit."""
    spec = spec or load_spec()
    limits = limits or Limits()
    compiler = Compiler(
        spec=spec,
        checks=Checks(spec),
        authenticate=authenticate,
        throttle=throttle,
        translate=translate or _no_translation,
        limits=limits,
    )
    described = {each.id: each for each in describe_operations(spec, resolve)}
    contract = Contract(
        compiler=compiler,
        described=described,
        pages={**pages(spec, ready), **more_pages},
        limits=limits,
        observe=observe,
    )
    return ContractApp(contract, missing, lifespan, wrap)


def _no_translation(_: Exception) -> ApiError | None:
    return None


@asynccontextmanager
async def _no_lifespan(_: Any) -> AsyncIterator[None]:
    yield


async def _nothing_else(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("nothing is served beside the contract")
