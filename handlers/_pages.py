"""Pages of lists that grow while they are read: a cursor names a position, so that no row is lost or repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError
from batch_exports.contract.paging import decode_cursor, encode_cursor

Row = TypeVar("Row")
Json = dict[str, Any]
Position = tuple[datetime, UUID]

_FORWARDS, _BACKWARDS = 0, 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position to go on from, and the direction."""

    position: Position | None = None
    backwards: bool = False

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """The position that a cursor names, the first page for None; raises ApiError for what was not issued here."""
        if text is None:
            return cls()
        direction, time, row_id = decode_cursor(text, length=3)
        try:
            position = datetime.fromisoformat(time).astimezone(UTC), UUID(row_id)
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise ApiError(404, "not_found", "Invalid cursor") from None
        return cls(position, direction == _BACKWARDS)


def page_json(
    ctx: Context,
    cursor: Cursor,
    rows: Sequence[Row],
    limit: int,
    position_of: Callable[[Row], Position],
    shape: Callable[[Row], Json],
) -> Json:
    """One page, with links to its neighbours, of at most `limit` + 1 rows that were read from `cursor` on."""
    has_more = len(rows) > limit
    page = list(rows[:limit])
    if cursor.backwards:
        page.reverse()
    # Going back, the page that we came from lies ahead; going on, it lies behind.
    has_next = has_more if not cursor.backwards else cursor.position is not None
    has_previous = has_more if cursor.backwards else cursor.position is not None
    return {
        "next": _link(ctx, _FORWARDS, position_of(page[-1])) if page and has_next else None,
        "previous": _link(ctx, _BACKWARDS, position_of(page[0])) if page and has_previous else None,
        "results": [shape(row) for row in page],
    }


def _link(ctx: Context, direction: int, position: Position) -> str:
    return ctx.url(cursor=encode_cursor([direction, position[0].isoformat(), str(position[1])]))
