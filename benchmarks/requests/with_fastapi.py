"""The peer: FastAPI with Pydantic models that check what the contract says of these two operations."""

import random
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.contract import Principal
from benchmarks.requests.sample import KEY, PROJECT_ID, load_sample

_PRINCIPAL = Principal(id="benchmark", scopes=frozenset({"batch_export:write"}), project_ids=frozenset({PROJECT_ID}))
_SAFE_INTEGER = 2**53 - 1

Text = Annotated[str, Field(max_length=2048, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Bucket = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
Region = Annotated[str, Field(max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$")]
Prefix = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]
Count = Annotated[int, Field(ge=0, le=_SAFE_INTEGER)]
Interval = Literal["hour", "day", "week", "every 5 minutes", "every 15 minutes"]
Format = Literal["JSONLines", "Parquet"]
Compression = Literal["gzip", "brotli", "zstd", "lz4", "snappy"]


class Closed(BaseModel):
    """A configuration, which has no keys beyond its own."""

    model_config = ConfigDict(extra="forbid")


class Events(Closed):
    """What every configuration may say about events."""

    include_events: list[Text] | None = None
    exclude_events: list[Text] | None = None


class S3Config(Events):
    """Settings of a bucket."""

    bucket_name: Bucket
    region: Region
    prefix: Prefix
    aws_access_key_id: Text
    aws_secret_access_key: Text
    file_format: Format = "JSONLines"
    compression: Compression | None = None
    max_file_size_mb: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    encryption: Literal["AES256", "aws:kms"] | None = None
    kms_key_id: Text | None = None
    endpoint_url: Text | None = None
    use_virtual_style_addressing: bool = False


class PostgresConfig(Events):
    """Settings of a PostgreSQL database."""

    host: Text
    user: Text
    password: Text
    database: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 5432
    schema_: Annotated[str, Field(alias="schema")] = "public"


class SnowflakeConfig(Events):
    """Settings of a Snowflake warehouse."""

    account: Text
    user: Text
    password: Text
    database: Text
    warehouse: Text
    schema_: Annotated[str, Field(alias="schema")]
    role: Text | None = None


class S3(BaseModel):
    """A bucket."""

    type: Literal["S3"]
    config: S3Config


class Postgres(BaseModel):
    """A PostgreSQL database."""

    type: Literal["Postgres"]
    config: PostgresConfig


class Snowflake(BaseModel):
    """A Snowflake warehouse."""

    type: Literal["Snowflake"]
    config: SnowflakeConfig


class Creation(BaseModel):
    """A new export."""

    name: Name
    destination: Annotated[S3 | Postgres | Snowflake, Field(discriminator="type")]
    interval: Interval
    model: Literal["events", "persons", "sessions"] = "events"
    paused: bool = False
    start_at: datetime | None = None
    end_at: datetime | None = None
    filters: list[dict[str, Any]] | None = None
    timezone: Text | None = None
    offset_day: Annotated[int, Field(ge=0, le=6)] | None = None
    offset_hour: Annotated[int, Field(ge=0, le=23)] | None = None


class Run(BaseModel):
    """A run, as it is answered."""

    id: UUID
    status: Literal["Cancelled", "Completed", "ContinuedAsNew", "Failed", "FailedRetryable", "Terminated", "TimedOut",
                    "Running", "Starting"]  # fmt: skip
    records_completed: Count | None
    records_failed: Count | None
    records_total_count: Count | None
    bytes_exported: Count | None
    latest_error: str | None
    data_interval_start: datetime | None
    data_interval_end: datetime
    cursor: str | None
    created_at: datetime
    finished_at: datetime | None
    last_updated_at: datetime
    batch_export: UUID
    backfill: UUID | None
    attempt: Annotated[int, Field(ge=1)]
    next_attempt_at: datetime | None
    retry_of: UUID | None


class S3PublicConfig(BaseModel):
    """Settings of a bucket without its credentials."""

    bucket_name: str
    region: str
    prefix: str
    file_format: Format
    compression: Compression | None
    max_file_size_mb: int | None


class S3Public(BaseModel):
    """A bucket, as it is answered."""

    type: Literal["S3"]
    config: S3PublicConfig
    integration: int | None
    secrets_set: list[str]


class PostgresPublic(BaseModel):
    """A PostgreSQL database, as it is answered."""

    type: Literal["Postgres"]
    config: dict[str, Any]
    integration: int | None
    secrets_set: list[str]


class Export(BaseModel):
    """An export, as it is answered."""

    id: UUID
    team_id: Annotated[int, Field(ge=1)]
    name: str
    model: Literal["events", "persons", "sessions"]
    destination: Annotated[S3Public | PostgresPublic, Field(discriminator="type")]
    interval: Interval
    paused: bool
    created_at: datetime
    last_updated_at: datetime
    last_paused_at: datetime | None
    paused_reason: Literal["request", "failures"] | None
    start_at: datetime | None
    end_at: datetime | None
    latest_runs: list[Run]
    hogql_query: str | None
    hogql_modifiers: dict[str, Any] | None
    primary_key: list[str] | None
    version_key: list[str] | None
    incremental_mode: Literal["APPEND"]
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")]
    filters: list[dict[str, Any]] | None
    timezone: str
    offset_day: int | None
    offset_hour: int | None


class NoQuery(Closed):
    """A query, which has no parameters."""


BEARER = HTTPBearer(auto_error=False)


class RequestIds:
    """Answers with the id of the request, its sender's or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = dict(scope["headers"]).get(b"x-request-id") or random.getrandbits(128).to_bytes(16).hex().encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", request_id))
            await send(message)

        await self._app(scope, receive, send_with_id)


class Admission:
    """Lets in who holds a scope, to their own project."""

    def __init__(self, *scopes: str) -> None:
        self._scopes = frozenset(scopes)

    async def __call__(
        self,
        project_id: Annotated[int, Path(ge=1)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Principal:
        """The caller."""
        if credentials is None or credentials.credentials != KEY:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if self._scopes.isdisjoint(_PRINCIPAL.scopes) or project_id not in _PRINCIPAL.project_ids:
            raise HTTPException(403)
        return _PRINCIPAL


def create_app() -> FastAPI:
    """The application."""
    export = load_sample().export
    app = FastAPI()
    app.add_middleware(RequestIds)
    readers, writers = Admission("batch_export:read", "batch_export:write"), Admission("batch_export:write")

    @app.get("/api/projects/{project_id}/batch_exports/{id}/", response_model=Export)
    async def get_export(
        id: UUID, _query: Annotated[NoQuery, Query()], _: Annotated[Principal, Depends(readers)]
    ) -> Any:
        return export | {"id": id}

    @app.post("/api/projects/{project_id}/batch_exports/", response_model=Export, status_code=201)
    async def create_export(
        body: Creation,
        _query: Annotated[NoQuery, Query()],
        request: Request,
        response: Response,
        _: Annotated[Principal, Depends(writers)],
    ) -> Any:
        response.headers["Location"] = str(request.url.replace(path=f"{request.url.path}{export['id']}/"))
        return export | {"name": body.name}

    return app
