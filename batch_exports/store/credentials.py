"""All stored credentials at once: by which keys they are encrypted, and bringing them under the newest one."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Row, Select, insert, select, update

from batch_exports.domain.activity import Activity
from batch_exports.store.cipher import Cipher, SecretsUnreadable
from batch_exports.store.problems import readable_problems
from batch_exports.store.records import activity_row
from batch_exports.store.schema import opened
from batch_exports.store.tables import activity, exports

BATCH = 200
"""Exports whose credentials are read, and locked, at once."""

SAMPLE = 20
"""Exports by whose credentials a key is judged."""

Note = Callable[[int], Activity]
"""The entry of the audit log which says that so many exports had their credentials encrypted anew."""

_sealed = select(exports.c.id, exports.c.destination_secrets).where(exports.c.destination_secrets.is_not(None))


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many exports have their credentials under the newest key, under an older one, or under none at hand."""

    newest: int
    older: int
    unknown: int

    def require_known(self) -> None:
        """See that none is lost; raises SecretsUnreadable."""
        if self.unknown:
            raise SecretsUnreadable(
                f"The credentials of {self.unknown} exports were encrypted with a key that is not at hand. "
                "Add it to BATCH_EXPORTS_OLD_SECRET_KEYS, or give these exports their credentials again."
            )


def check_key(url: str, cipher: Cipher) -> None:
    """See that the key opens any of the newest credentials, if there are some; raises SecretsUnreadable. Blocks.

    A key that opens none of them is the wrong one; a few that do not open are for their owners to give again.
    """
    with readable_problems(url), opened(url) as engine, engine.connect() as connection:
        rows = connection.execute(_sealed.order_by(exports.c.last_updated_at.desc()).limit(SAMPLE)).all()
    for row in rows:
        with suppress(SecretsUnreadable):
            cipher.open(row.destination_secrets, owner=row.id.bytes)
            return
    if rows:
        cipher.open(rows[0].destination_secrets, owner=rows[0].id.bytes)


def survey(url: str, cipher: Cipher) -> KeyUse:
    """By which keys the stored credentials are encrypted; changes nothing, and blocks. Raises StoreUnusable."""
    return _walk(url, cipher, None)


def seal_anew(url: str, cipher: Cipher, note: Note) -> KeyUse:
    """Encrypt with the newest key what older ones encrypted; what was found before. Blocks, raises StoreUnusable.

    Each batch is a transaction of its own, which the audit log notes: broken off, it is simply repeated, and others may
    write meanwhile.
    """
    return _walk(url, cipher, note)


def _walk(url: str, cipher: Cipher, note: Note | None) -> KeyUse:
    found: Counter[str] = Counter()
    after = UUID(int=0)
    with readable_problems(url), opened(url) as engine:
        while True:
            with engine.begin() as connection:
                batch = connection.execute(_next(after, locking=note is not None)).all()
                seen = Counter(_visit(connection, row, cipher, renewing=note is not None) for row in batch)
                if note is not None and seen["older"]:
                    connection.execute(insert(activity).values(activity_row(note(seen["older"]))))
            found.update(seen)
            if len(batch) < BATCH:
                return KeyUse(newest=found["newest"], older=found["older"], unknown=found["unknown"])
            after = batch[-1].id


def _next(after: UUID, *, locking: bool) -> Select[tuple[UUID, bytes]]:
    statement = _sealed.where(exports.c.id > after).order_by(exports.c.id).limit(BATCH)
    # Always in the order of ids, so that two who do this at once do not wait for each other in a circle.
    return statement.with_for_update(key_share=True) if locking else statement


def _visit(connection: Connection, row: Row[tuple[UUID, bytes]], cipher: Cipher, *, renewing: bool) -> str:
    try:
        renewed = cipher.renew(row.destination_secrets, owner=row.id.bytes)
    except SecretsUnreadable:
        return "unknown"
    if renewed is None:
        return "newest"
    if renewing:
        connection.execute(update(exports).where(exports.c.id == row.id).values(destination_secrets=renewed))
    return "older"
