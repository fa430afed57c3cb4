"""Pages by position: each starts behind a row instead of after so many rows, so that new rows shift nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Exists, Select, exists, literal, select, tuple_

from batch_exports.store.tables import EXPORT_IS_VISIBLE, exports

_Moment = datetime | BindParameter[datetime]


def walk(
    statement: Select[Any],
    keys: Sequence[ColumnElement[Any]],
    *,
    position: tuple[Any, ...] | None,
    descending: bool,
    backwards: bool = False,
    limit: int | BindParameter[int],
) -> Select[Any]:
    """The next rows of a statement in the order of `keys`, which together are unique, behind `position`."""
    falling = descending != backwards
    if position is not None:
        here = tuple_(*keys)
        edge = tuple_(*(_bound(value, key) for value, key in zip(position, keys, strict=True)))
        statement = statement.where(here < edge if falling else here > edge)
    return statement.order_by(*(key.desc() if falling else key.asc() for key in keys)).limit(limit)


def remaining(
    first: datetime | None, last: datetime | None, position: tuple[datetime, Any] | None, *, falling: bool
) -> tuple[datetime | None, datetime | None]:
    """The ends of a window over the order column that the position does not imply.

    Offered both, a planner may walk from the end of the window to the position, page after page a longer way.
    """
    if position is not None and falling and last is not None and position[0] <= last:
        last = None
    if position is not None and not falling and first is not None and position[0] >= first:
        first = None
    return first, last


def within(column: ColumnElement[datetime], first: _Moment | None, last: _Moment | None) -> list[ColumnElement[bool]]:
    """The conditions of a window that includes both ends, either of which may be open."""
    conditions = []
    if first is not None:
        conditions.append(column >= first)
    if last is not None:
        conditions.append(column <= last)
    return conditions


def export_visible(export_id: UUID | BindParameter[UUID]) -> Exists:
    """The export is not deleted; asked once per statement, not once per row."""
    return exists(select(exports.c.id).where(exports.c.id == export_id, EXPORT_IS_VISIBLE))


def _bound(value: Any, key: ColumnElement[Any]) -> BindParameter[Any]:
    return value if isinstance(value, BindParameter) else literal(value, key.type)
