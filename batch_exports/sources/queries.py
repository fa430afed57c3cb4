"""The SQL of a selection: which rows, and how each lane wants them rendered.

There is no `ORDER BY`: sorting would cost many times the memory and the time of the export itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from batch_exports.domain.selections import Selection, require_events
from batch_exports.ports import Lane
from batch_exports.sources import literals
from batch_exports.sources.filters import conditions
from batch_exports.sources.schema import EVENTS

# One string column, a row per line and nothing escaped: every server version can render that.
FORMATS: Mapping[Lane, str] = {Lane.ARROW: "ArrowStream", Lane.LINES: "TabSeparatedRaw"}


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    columnar: str
    line: str
    is_text: bool = False


def _valid(name: str) -> str:
    # At the end of a string, toValidUTF8 takes the next bytes along with a broken sequence; here those are blanks.
    repaired = f"left(toValidUTF8(concat({name}, '   ')), -3)"
    return f"if(isValidUTF8({name}), toString({name}), {repaired})"


def _text(name: str) -> _Column:
    return _Column(name, f"toString({name})", f"toJSONString({name})", is_text=True)


def _json(name: str) -> _Column:
    # Between its tokens valid JSON may hold line breaks, which would tear the line apart; inside strings it cannot.
    # Looking for them first is cheap, while replacing them goes through the text byte by byte.
    breaks = rf"position({name}, '\n') > 0 OR position({name}, '\r') > 0"
    nested = rf"translate({name}, '\n\r', '  ')"
    line = f"multiIf(NOT isValidJSON({name}), toJSONString({name}), {breaks}, {nested}, {name})"
    return _Column(name, f"toString({name})", line, is_text=True)


def _instant(name: str, column: str) -> _Column:
    exact = f"toDateTime64({column}, 6, 'UTC')"
    return _Column(name, exact, rf"""formatDateTime({exact}, '"%Y-%m-%dT%H:%i:%S.%f+00:00"')""")


_EVENT_COLUMNS = (
    _Column("uuid", "toString(uuid)", """concat('"', toString(uuid), '"')"""),
    _text("event"),
    _text("distinct_id"),
    _Column("person_id", "toString(person_id)", """ifNull(concat('"', toString(person_id), '"'), 'null')"""),
    _json("properties"),
    _json("person_properties"),
    _text("elements_chain"),
    _instant("timestamp", "timestamp"),
    _instant("created_at", "created_at"),
    _instant("_inserted_at", "inserted_at"),
)


def count_query(selection: Selection) -> str:
    """Count the rows of a selection."""
    return f"SELECT count() FROM {EVENTS} WHERE {_where(selection)}"  # noqa: S608  # values are rendered as literals


def earliest_query(selection: Selection) -> str:
    """Read when the first row of a selection arrived, in microseconds since 1970; null without rows."""
    instant = "toUnixTimestamp64Micro(toDateTime64(inserted_at, 6, 'UTC'))"
    return f"SELECT minOrNull({instant}) FROM {EVENTS} WHERE {_where(selection)}"  # noqa: S608  # as above


def row_query(selection: Selection, lane: Lane, *, trusts_text: bool) -> str:
    """Read the rows of a selection in the form of a lane; text that is not trusted to be UTF-8 is repaired."""
    projection = (_columnar if lane is Lane.ARROW else _line)(trusts_text)
    return f"SELECT {projection} FROM {EVENTS} WHERE {_where(selection)}"  # noqa: S608  # values are rendered as literals


def _columnar(trusts_text: bool) -> str:  # noqa: FBT001  # both projections are called alike
    # The names are those of columns of the table too; qualified, a condition still means the column.
    return ", ".join(
        f"{_valid(column.name) if column.is_text and not trusts_text else column.columnar} AS `{column.name}`"
        for column in _EVENT_COLUMNS
    )


def _line(trusts_text: bool) -> str:  # noqa: FBT001  # both projections are called alike
    parts: list[str] = []
    for column in _EVENT_COLUMNS:
        separator = "," if parts else "{"
        parts += [literals.string(f'{separator}"{column.name}":'), column.line]
    line = f"concat({', '.join(parts)}, '}}')"
    return f"{line if trusts_text else f'toValidUTF8({line})'} AS line"


def _where(selection: Selection) -> str:
    require_events(selection.model)
    clauses = [
        f"project_id = {int(selection.project_id)}",
        f"inserted_at >= {literals.instant(selection.start)}",
        f"inserted_at < {literals.instant(selection.end)}",
    ]
    if selection.include_events:
        clauses.append(f"event IN {literals.strings(selection.include_events)}")
    if selection.exclude_events:
        clauses.append(f"event NOT IN {literals.strings(selection.exclude_events)}")
    return " AND ".join([*clauses, *conditions(selection.filters)])
