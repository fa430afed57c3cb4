"""What the repositories of one transaction share: a version of the tables, and whether it may change."""

from mock_server.memory.tables import Tables


class ReadOnlyTransactionError(RuntimeError):
    """Something tried to write through `Store.read()`."""


class Session:
    """One transaction's view of the tables."""

    __slots__ = ("_writable", "tables")

    def __init__(self, tables: Tables, *, writable: bool) -> None:
        self.tables = tables
        self._writable = writable

    def draft(self) -> Tables:
        """The tables, to be changed; raises when the transaction only reads."""
        if not self._writable:
            raise ReadOnlyTransactionError("This transaction only reads; writes need Store.write().")
        return self.tables
