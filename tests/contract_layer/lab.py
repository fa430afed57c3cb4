"""A small contract with one operation for each thing that the contract layer does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from batch_exports.contract import ApiError, Context, Principal
from batch_exports.contract.app import ContractApp, build_app
from batch_exports.contract.spec import Spec, load_spec
from tests.contract_layer.asgi import Answer, call, scope_of

ID = "019caf10-3d38-7b1c-8e57-90a4c2d1f6ab"
ONE = f"/api/projects/1/things/{ID}/"
MANY = "/api/projects/1/things/"
BUCKET = {"type": "S3", "config": {"bucket_name": "lake", "region": "eu"}}
NEW = {"name": "first", "destination": BUCKET, "interval": "hour"}
JSON = (b"content-type", b"application/json")

WRITER = "writer"
PRINCIPALS = {
    "writer": Principal(id="w", scopes=frozenset({"thing:write"}), project_ids=frozenset({1, 7})),
    "reader": Principal(id="r", scopes=frozenset({"thing:read"}), project_ids=frozenset({1})),
    "nobody": Principal(id="n", scopes=frozenset(), project_ids=frozenset()),
    "homeless": Principal(id="h", scopes=frozenset({"thing:write"}), project_ids=frozenset()),
}


class Busy(Exception):
    pass


async def authenticate(token: str) -> Principal | None:
    return PRINCIPALS.get(token)


def translate(error: Exception) -> ApiError | None:
    return ApiError(429, "throttled", "Later.", headers={"Retry-After": "3"}) if isinstance(error, Busy) else None


def thing(thing_id: UUID, name: str = "first") -> dict[str, Any]:
    runs = [{"id": thing_id, "status": "Running", "records": number} for number in (1, 2, None)]
    return {"id": thing_id, "name": name, "created_at": datetime(2026, 3, 2, tzinfo=UTC), "runs": runs}


async def list_things(
    limit, done, ratio, since, owner, class_, status, level, cursor, x_page_size, if_match, ctx: Context
):
    return {
        "limit": limit, "done": done, "ratio": ratio, "since": since, "owner": owner, "owner_is": type(owner).__name__,
        "class": class_, "status": status, "level": level, "project": ctx.project_id, "caller": ctx.principal.id,
        "cursor": cursor, "size": x_page_size, "tag": if_match, "state": dict(ctx.state),
        "url": ctx.url(cursor="a b", limit=None),
        "base": ctx.base_url, "request": ctx.request_id, "operation": ctx.operation_id,
        "digest": ctx.digest(b"text"),
    }  # fmt: skip


async def create_thing(body, ctx: Context):
    if body["name"] == "busy":
        raise Busy
    if body["name"] == "check":
        ctx.check("Destination", {"type": "S3", "config": {"region": 5}}, at="destination")
    made = thing(UUID(ID), body["name"])
    return made | {"destination": body["destination"]}, 201, {"Location": f"{ctx.base_url}/{ID}/"}


async def get_thing(id: UUID):
    return thing(id)


async def touch_thing(id: UUID, body):
    return {"id": id, "body": body}


async def delete_thing(id: UUID) -> None:
    assert isinstance(id, UUID)


async def get_special():
    return {"special": True}


async def ping():
    return {"pong": True}


async def answer_thing(id: UUID, kind: str):
    good = thing(id)
    match kind:
        case "secret":
            return good | {"secret": "hunter2"}
        case "wrong":
            return good | {"runs": [good["runs"][0] | {"status": "hunter2"}]}
        case "status":
            return good, 202
        case "refusal":
            raise ApiError(409, "conflict", "hunter2")
        case "crash":
            raise RuntimeError("hunter2")
        case "header":
            return good, 200, {"X-Count": "many"}
        case "smuggled":
            return good, 200, {"X-Other": "a\r\nX-Evil: b"}
        case "missing":
            raise ApiError(404, "not_found", "Not found.")
    return good, 200, {"X-Count": "3"}


HANDLERS: Mapping[str, Any] = {
    function.__name__: function
    for function in (
        list_things, create_thing, get_thing, touch_thing, delete_thing, get_special, ping, answer_thing,
    )
}  # fmt: skip


def lab_spec() -> Spec:
    return load_spec(Path(__file__).with_name("lab.yaml"))


def lab_app(**options: Any) -> ContractApp:
    chosen = {"resolve": lambda name, _: HANDLERS.get(name), "authenticate": authenticate, "translate": translate}
    return build_app(lab_spec(), **(chosen | options))


class Client:
    """Somebody who calls the lab with a token."""

    def __init__(self, app: ContractApp, token: str | None = WRITER) -> None:
        self.app = app
        self.credentials = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]

    async def get(self, target: str, *headers: tuple[bytes, bytes], **scope: Any) -> Answer:
        return await self.send("GET", target, *headers, **scope)

    async def post(self, target: str, *chunks: bytes, headers: tuple[tuple[bytes, bytes], ...] = (JSON,)) -> Answer:
        return await call(self.app, scope_of("POST", target, [*self.credentials, *headers]), *chunks)

    async def send(self, method: str, target: str, *headers: tuple[bytes, bytes], **scope: Any) -> Answer:
        return await call(self.app, scope_of(method, target, [*self.credentials, *headers], **scope))
