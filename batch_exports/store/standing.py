"""How it stands with the database as a whole: whether its tables are those of this version, and what waits in it."""

from datetime import datetime, timedelta

from sqlalchemy import String, column, func, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.backlog import Backlog
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.store.schema import VERSION_TABLE, older_revisions
from batch_exports.store.tables import BACKFILL_IS_OPEN, EXPORT_IS_ACTIVE, RUN_IS_OPEN, backfills, exports, runs


async def is_migrated(connection: AsyncConnection) -> bool:
    """Whether a database has at least the tables of this version.

    More than them too: while a service is upgraded, processes of the version before go on beside the new ones.
    """
    try:
        rows = await connection.execute(select(column("version_num", String)).select_from(table(VERSION_TABLE)))
    except DBAPIError:
        return False
    found = {row.version_num for row in rows}
    return bool(found) and found.isdisjoint(older_revisions())


async def read_backlog(connection: AsyncConnection, now: datetime) -> Backlog:
    """What waits, by three short walks along indexes of what is open or due."""
    by_status = select(runs.c.status, func.count()).where(RUN_IS_OPEN).group_by(runs.c.status)
    counts: dict[RunStatus, int] = {row[0]: row[1] for row in await connection.execute(by_status)}
    open_runs = dict.fromkeys(sorted(OPEN_STATUSES), 0) | counts
    open_backfills = await connection.scalar(select(func.count()).select_from(backfills).where(BACKFILL_IS_OPEN))
    due = await connection.scalar(select(func.min(exports.c.next_at)).where(EXPORT_IS_ACTIVE))
    lag = timedelta() if due is None else max(timedelta(), now - due)
    return Backlog(open_runs, open_backfills or 0, lag)
