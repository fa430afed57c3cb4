"""All stored credentials at once: by which keys they are encrypted, and bringing them under the newest one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
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

_NAMED = 10

Note = Callable[[int], Activity]
"""The entry of the audit log which says what happened to the credentials of so many exports."""

FORGOTTEN = b""
"""In place of credentials that are given up: they count as ones that no key decrypts, and nobody looks for the key."""

_sealed = select(exports.c.id, exports.c.destination_secrets).where(
    exports.c.destination_secrets.is_not(None), exports.c.destination_secrets != FORGOTTEN
)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many exports have their credentials under the newest key, under an older one, or under none at hand."""

    newest: int
    older: int
    unknown: int
    examples: tuple[UUID, ...] = field(default=(), compare=False)
    """Some of the exports whose credentials are under none."""

    def require_known(self) -> None:
        """See that none is lost; raises SecretsUnreadable."""
        if self.unknown:
            raise SecretsUnreadable(
                f"The credentials of {self.unknown} exports were encrypted with a key that is not at hand: "
                f"{', '.join(map(str, self.examples))}{', ...' if self.unknown > len(self.examples) else ''}. "
                "Add it to BATCH_EXPORTS_OLD_SECRET_KEYS, or give these exports their credentials again; when none can "
                "be read any more, the service starts again after `batch-exports secrets forget`."
            )


def check_key(url: str, cipher: Cipher) -> None:
    """See that the key opens any of the newest credentials, if there are some; raises SecretsUnreadable. Blocks.

    A key that opens none of them is the wrong one; a few that do not open are for their owners to give again.
    """
    with readable_problems(url), opened(url) as engine, engine.connect() as connection:
        rows = connection.execute(_sealed.order_by(exports.c.last_updated_at.desc()).limit(SAMPLE)).all()
    if rows and not any(_opens(row.id, row.destination_secrets, cipher) for row in rows):
        raise SecretsUnreadable(
            "The stored credentials cannot be decrypted: they were encrypted with another key. Start the service "
            "with that key, as BATCH_EXPORTS_SECRET_KEY or among BATCH_EXPORTS_OLD_SECRET_KEYS. If it is lost for "
            "good, `batch-exports secrets forget` gives these credentials up."
        )


def survey(url: str, cipher: Cipher) -> KeyUse:
    """By which keys the stored credentials are encrypted; changes nothing, and blocks. Raises StoreUnusable."""
    return _walk(url, cipher, None)


def seal_anew(url: str, cipher: Cipher, note: Note) -> KeyUse:
    """Encrypt with the newest key what older ones encrypted; what was found before. Blocks, raises StoreUnusable.

    Each batch is a transaction of its own, which the audit log notes: broken off, it is simply repeated, and others may
    write meanwhile.
    """
    return _walk(url, cipher, note)


def forget_unreadable(url: str, cipher: Cipher, note: Note) -> int:
    """Give up the credentials that no key at hand decrypts, of so many exports; blocks, raises StoreUnusable."""
    with readable_problems(url), opened(url) as engine, engine.begin() as connection:
        statement = _sealed.order_by(exports.c.id).with_for_update(key_share=True)
        lost = [
            row.id for row in connection.execute(statement).all() if not _opens(row.id, row.destination_secrets, cipher)
        ]
        for export_id in lost:
            connection.execute(update(exports).where(exports.c.id == export_id).values(destination_secrets=FORGOTTEN))
        if lost:
            connection.execute(insert(activity).values(activity_row(note(len(lost)))))
    return len(lost)


def _opens(export_id: UUID, sealed: bytes, cipher: Cipher) -> bool:
    try:
        cipher.open(sealed, owner=export_id.bytes)
    except SecretsUnreadable:
        return False
    return True


def _walk(url: str, cipher: Cipher, note: Note | None) -> KeyUse:
    found: Counter[str] = Counter()
    lost: list[UUID] = []
    after = UUID(int=0)
    with readable_problems(url), opened(url) as engine:
        while True:
            with engine.begin() as connection:
                batch = connection.execute(_next(after, locking=note is not None)).all()
                ages = [_visit(connection, row, cipher, renewing=note is not None) for row in batch]
                seen = Counter(ages)
                if note is not None and seen["older"]:
                    connection.execute(insert(activity).values(activity_row(note(seen["older"]))))
            found.update(seen)
            lost += [row.id for row, age in zip(batch, ages, strict=True) if age == "unknown"]
            if len(batch) < BATCH:
                return KeyUse(found["newest"], found["older"], found["unknown"], tuple(lost[:_NAMED]))
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
