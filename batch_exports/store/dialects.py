"""SQL that only one database speaks."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Executable, String, Table, collate, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import Boolean

from batch_exports.store.problems import StoreUnusable

_MIGRATION_LOCK = 4_207_198_365


def lock_schema(connection: Connection) -> None:
    """Keep other migrations out until the transaction ends; on SQLite its write lock does so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def check_references(connection: Connection) -> None:
    """See that all that rows refer to is there, which SQLite does not watch over while its tables are replaced."""
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise StoreUnusable(f"Rows of {tables} refer to rows that are not there. Restore the database from a backup.")


def has_lateral_joins(connection: AsyncConnection) -> bool:
    """Whether a joined query may speak of the row that it is joined to, as it must to be limited for each."""
    return connection.dialect.name == "postgresql"


class contains_text(FunctionElement[bool]):  # noqa: N801  # reads as an SQL function in statements
    """Whether a text holds another, whatever the case of their ASCII letters: of others SQLite knows no case."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, haystack: ColumnElement[str], needle: str) -> None:
        super().__init__(haystack, literal(needle, String()))


# Not LIKE: SQLite refuses long patterns, and the needle's own wildcards would need escaping.
@compiles(contains_text)
def _strpos(element: contains_text, compiler: SQLCompiler, **options: Any) -> str:
    haystack, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f'(strpos(lower({haystack} COLLATE "C"), lower({needle} COLLATE "C")) > 0)'


@compiles(contains_text, "sqlite")
def _instr(element: contains_text, compiler: SQLCompiler, **options: Any) -> str:
    haystack, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(instr(lower({haystack}), lower({needle})) > 0)"


def by_code_point(connection: AsyncConnection, column: Column[Any]) -> ColumnElement[Any]:
    """A column to order by: texts by their code points, whatever language the database was made for."""
    is_text = isinstance(column.type, String) and connection.dialect.name == "postgresql"
    return collate(column, "C") if is_text else column


_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_or_ignore(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> Executable:
    """Insert a row and return its key, or nothing when there is one; waits for a transaction that is inserting it."""
    new = _INSERTS[connection.dialect.name](table).values(**row).on_conflict_do_nothing()
    # Asked for, since not every driver counts the rows of an insertion.
    statement: Executable = new.returning(*table.primary_key)
    return statement


def insert_or_update(
    connection: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]
) -> Executable:
    """Insert a row, or give the one of its key these values."""
    new = _INSERTS[connection.dialect.name](table).values(**key, **values)
    statement: Executable = new.on_conflict_do_update(index_elements=list(key), set_=dict(values))
    return statement
