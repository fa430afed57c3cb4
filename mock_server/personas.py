"""Callers whose keys never change, one for each thing that a key can lack."""

from collections.abc import Mapping
from uuid import NAMESPACE_OID, uuid5

from batch_exports.contract.security import Principal
from batch_exports.domain.keys import KEY_MARK, READ_SCOPE, WRITE_SCOPE

KEY_SEPARATOR = "."
"""What follows it in a key is the name of a world."""


def _persona(name: str, project_id: int, *scopes: str) -> tuple[str, Principal]:
    projects = frozenset({project_id})
    principal = Principal(
        id=str(uuid5(NAMESPACE_OID, name)), scopes=frozenset(scopes), project_ids=projects, label=name
    )
    return f"{KEY_MARK}mock_{name}", principal


_BY_NAME = {
    "admin": _persona("admin", 1, READ_SCOPE, WRITE_SCOPE),
    "read": _persona("read", 1, READ_SCOPE),
    "none": _persona("none", 1),
    "other_project": _persona("other_project", 2, READ_SCOPE, WRITE_SCOPE),
}

EXPIRED = f"{KEY_MARK}mock_expired"
"""The key of a persona whom nobody knows any more: a 401, as production answers a key that has expired."""

KEYS: Mapping[str, str] = {name: key for name, (key, _) in _BY_NAME.items()} | {"expired": EXPIRED}
"""The key of each persona."""

_PRINCIPALS = dict(_BY_NAME.values())


async def authenticate(token: str) -> Principal | None:
    """The persona whose key this is, whatever world it names; nobody for any other."""
    return _PRINCIPALS.get(token.partition(KEY_SEPARATOR)[0])
