"""The contestant: the product's contract and its contract layer, with handlers that only hand the sample over."""

from typing import Any

from batch_exports.contract import Context, Principal
from batch_exports.contract.app import ContractApp, build_app
from benchmarks.requests.sample import KEY, PROJECT_ID, load_sample

_PRINCIPAL = Principal(id="benchmark", scopes=frozenset({"batch_export:write"}), project_ids=frozenset({PROJECT_ID}))


def create_app() -> ContractApp:
    """The application."""
    export = load_sample().export

    async def authenticate(token: str) -> Principal | None:
        return _PRINCIPAL if token == KEY else None

    async def get_export(id: Any) -> dict[str, Any]:
        return export | {"id": id}

    async def create_export(body: dict[str, Any], ctx: Context) -> tuple[dict[str, Any], int, dict[str, str]]:
        return export | {"name": body["name"]}, 201, {"Location": f"{ctx.base_url}/{export['id']}/"}

    handlers: dict[str, Any] = {"get_export": get_export, "create_export": create_export}
    return build_app(resolve=lambda name, _tag: handlers.get(name), authenticate=authenticate)
