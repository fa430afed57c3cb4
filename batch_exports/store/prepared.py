"""Statements that are put into words once, and carried out by the driver itself.

SQLAlchemy looks up the words of a statement each time it is executed, makes a context, a result and rows for it, and
changes between its synchronous world and the driver's. For what nearly every request asks, that costs several times
what the database does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Dialect, Insert, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Row = tuple[Any, ...]
_Convert = Callable[[Any], Any] | None


class Prepared:
    """A statement that is put into words when a dialect first needs it; it is always given the same parameters.

    It takes part in the transaction of its connection. SQLAlchemy does not see it, so what it writes is committed only
    if that transaction was begun expressly.
    """

    __slots__ = ("_forms", "_statement", "names")

    def __init__(self, statement: Select[Any] | Insert) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}
        self.names: tuple[str, ...] = ()
        """The columns that it returns."""
        if isinstance(statement, Select):
            self.names = tuple(statement.selected_columns.keys())

    async def rows(self, connection: AsyncConnection, values: Mapping[str, Any]) -> list[Row]:
        """What the statement returns, in the order of `names`; the values are those of its parameters."""
        dialect = connection.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form.of(self._statement, dialect, values)
        return form.read(await _carry_out(connection, form.text, form.parameters(values), returns=bool(self.names)))

    async def first(self, connection: AsyncConnection, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The first row by the names of its columns, or None."""
        found = await self.rows(connection, values)
        return dict(zip(self.names, found[0], strict=True)) if found else None


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement in the words of one dialect, and what its values have to go through."""

    text: str
    order: tuple[str, ...] | None
    """The parameters by position, for a driver that takes them so."""
    fixed: Mapping[str, Any]
    writers: Mapping[str, Callable[[Any], Any]]
    readers: tuple[_Convert, ...]

    @classmethod
    def of(cls, statement: Select[Any] | Insert, dialect: Dialect, names: Iterable[str]) -> "_Form":
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        return cls(
            text=str(compiled),
            order=None if compiled.positiontup is None else tuple(compiled.positiontup),
            fixed=compiled.params,
            writers={name: convert for name in compiled.params if (convert := _writer(compiled.binds[name], dialect))},
            readers=tuple(each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns),
        )

    def parameters(self, values: Mapping[str, Any]) -> Any:
        given = {**self.fixed, **values}
        for name, convert in self.writers.items():
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]

    def read(self, rows: list[Row]) -> list[Row]:
        # Column by column, which leaves the loop to `map`: a page has thousands of values.
        columns = zip(self.readers, zip(*rows, strict=True), strict=False)
        return list(zip(*(each if convert is None else map(convert, each) for convert, each in columns), strict=True))


def _writer(parameter: BindParameter[Any], dialect: Dialect) -> _Convert:
    return parameter.type.dialect_impl(dialect).bind_processor(dialect)


async def _carry_out(connection: AsyncConnection, text: str, parameters: Any, *, returns: bool) -> list[Row]:
    dialect: Any = connection.dialect
    synchronous: Any = connection.sync_connection
    cursor = synchronous.connection.driver_connection.cursor()
    # Who listens hears of these statements too.
    synchronous.dispatch.before_cursor_execute(synchronous, cursor, text, parameters, None, False)
    try:
        await cursor.execute(text, parameters)
        return await cursor.fetchall() if returns else []
    except dialect.loaded_dbapi.Error as error:
        # Without the parameters, which may be secrets.
        raise DBAPIError.instance(text, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
