"""The peer: FastAPI, Pydantic and SQLAlchemy's ORM, asynchronous, on the product's database."""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import event, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from batch_exports.bootstrap import cipher_of
from batch_exports.domain.identifiers import uuid7
from batch_exports.settings import Settings
from benchmarks.requests.with_fastapi import BEARER, Creation, Export, NoQuery, RequestIds
from benchmarks.service import mapped
from benchmarks.service.counting import Metrics, Throttle
from benchmarks.service.shapes import RunFilters, RunPage, StoredRun, new_export, shown

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_WINDOW = timedelta(days=7)
CONNECTIONS = 16

settings = Settings.read(os.environ)
cipher = cipher_of(settings)


def open_engine(url: str) -> AsyncEngine:
    """The engine, with the product's guarantees."""
    target = make_url(url)
    # Enough for all requests that come at once: connections beyond the pool would be opened and closed all the time.
    engine = create_async_engine(
        target.set(drivername=_DRIVERS[target.get_backend_name()]), pool_size=CONNECTIONS, max_overflow=0
    )
    if target.get_backend_name() == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def set_pragmas(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA busy_timeout = 30000")
            cursor.close()

    return engine


throttle = Throttle(
    {timedelta(minutes=1): settings.throttle_per_minute, timedelta(hours=1): settings.throttle_per_hour}
)
sessions = async_sessionmaker(open_engine(settings.store_url), expire_on_commit=False)


async def open_session() -> AsyncIterator[AsyncSession]:
    """One session per request."""
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]
ProjectId = Annotated[int, Path(ge=1)]


class Admission:
    """Lets in who holds a scope, to their own project, and counts the request."""

    def __init__(self, *scopes: str) -> None:
        self._scopes = frozenset(scopes)

    async def __call__(
        self,
        project_id: ProjectId,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        session: Session,
        response: Response,
    ) -> mapped.ApiKey:
        """The caller's key."""
        token = "" if credentials is None else credentials.credentials
        digest = hashlib.sha256(token.encode()).hexdigest()
        key = await session.scalar(select(mapped.ApiKey).where(mapped.ApiKey.hash == digest))
        now = datetime.now(UTC)
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        await throttle.count(session, key, response)
        if self._scopes.isdisjoint(key.scopes) or project_id not in (key.project_ids or ()):
            raise HTTPException(403)
        return key


Reader = Annotated[mapped.ApiKey, Depends(Admission("batch_export:read", "batch_export:write"))]
Writer = Annotated[mapped.ApiKey, Depends(Admission("batch_export:write"))]

app = FastAPI()
app.add_middleware(RequestIds)
app.add_middleware(Metrics)


def create_app() -> FastAPI:
    """The application."""
    return app


async def require_export(session: AsyncSession, project_id: int, export_id: UUID) -> mapped.Export:
    """The export, or 404."""
    export = await session.scalar(
        select(mapped.Export).where(
            mapped.Export.id == export_id, mapped.Export.project_id == project_id, mapped.Export.deleted_at.is_(None)
        )
    )
    if export is None:
        raise HTTPException(404)
    return export


@app.get("/api/projects/{project_id}/batch_exports/{id}/", response_model=Export)
async def get_export(
    project_id: ProjectId,
    id: UUID,
    session: Session,
    response: Response,
    _query: Annotated[NoQuery, Query()],
    _: Reader,
) -> Any:
    """Show an export with its newest runs."""
    export = await require_export(session, project_id, id)
    newest = select(mapped.Run).where(mapped.Run.export_id == id)
    newest = newest.order_by(mapped.Run.created_at.desc(), mapped.Run.id.desc()).limit(10)
    runs = [StoredRun.model_validate(run) for run in await session.scalars(newest)]
    response.headers["ETag"] = f'"{export.version}"'
    secrets = json.loads(cipher.open(export.destination_secrets, owner=id.bytes)) if export.destination_secrets else {}
    return shown(export, secrets, runs)


@app.get("/api/projects/{project_id}/batch_exports/{batch_export_id}/runs/", response_model=RunPage)
async def list_runs(
    project_id: ProjectId,
    batch_export_id: UUID,
    session: Session,
    request: Request,
    filters: Annotated[RunFilters, Query()],
    _: Reader,
) -> Any:
    """List an export's runs."""
    await require_export(session, project_id, batch_export_id)
    runs = list(await session.scalars(select_runs(batch_export_id, filters)))
    page = runs[: filters.page_size]
    following = None
    if len(runs) > filters.page_size:
        position = json.dumps([0, page[-1].created_at.isoformat(), str(page[-1].id)], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(position.encode()).rstrip(b"=").decode()
        following = str(request.url.include_query_params(cursor=cursor))
    return {"next": following, "previous": None, "results": page}


def select_runs(export_id: UUID, filters: RunFilters) -> Any:
    """The statement behind a page of runs and one run more."""
    run = mapped.Run
    statement = select(run).where(run.export_id == export_id)
    statement = statement.where(run.created_at >= (filters.after or datetime.now(UTC) - _WINDOW))
    if filters.before is not None:
        statement = statement.where(run.created_at <= filters.before)
    if filters.status:
        statement = statement.where(run.status.in_(filters.status))
    falling = filters.ordering.startswith("-")
    keys = [key.desc() if falling else key.asc() for key in (run.created_at, run.id)]
    return statement.order_by(*keys).limit(filters.page_size + 1)


@app.post("/api/projects/{project_id}/batch_exports/", response_model=Export, status_code=201)
async def create_export(
    project_id: ProjectId,
    body: Creation,
    session: Session,
    request: Request,
    response: Response,
    _query: Annotated[NoQuery, Query()],
    caller: Writer,
) -> Any:
    """Make an export, and note who did."""
    export, secrets = new_export(project_id, body, cipher)
    session.add(export)
    session.add(
        mapped.Activity(
            id=uuid7(),
            kind="created",
            created_at=export.created_at,
            actor_type="api_key",
            actor_id=str(caller.id),
            actor_label=caller.label,
            request_id=request.headers.get("x-request-id"),
            project_id=project_id,
            export_id=export.id,
            changes=[],
        )
    )
    await session.commit()
    response.headers["Location"] = str(request.url.replace(path=f"{request.url.path}{export.id}/"))
    response.headers["ETag"] = f'"{export.version}"'
    return shown(export, secrets, [])
