"""Callers whose keys never change, one for each thing that a key can lack."""

from collections.abc import Mapping

from batch_exports.contract.security import Principal
from batch_exports.domain.keys import KEY_PREFIX, READ_SCOPE, WRITE_SCOPE


def _persona(name: str, project_id: int, *scopes: str) -> tuple[str, Principal]:
    principal = Principal(id=f"mock-{name}", scopes=frozenset(scopes), project_ids=frozenset({project_id}))
    return f"{KEY_PREFIX}mock_{name}", principal


_BY_NAME = {
    "admin": _persona("admin", 1, READ_SCOPE, WRITE_SCOPE),
    "read": _persona("read", 1, READ_SCOPE),
    "none": _persona("none", 1),
    "other_project": _persona("other_project", 2, READ_SCOPE, WRITE_SCOPE),
}

KEYS: Mapping[str, str] = {name: key for name, (key, _) in _BY_NAME.items()}
"""The key of each persona."""

_PRINCIPALS = dict(_BY_NAME.values())


async def authenticate(token: str) -> Principal | None:
    """The persona whose key this is; nobody for any other."""
    return _PRINCIPALS.get(token)
