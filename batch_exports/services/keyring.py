"""Keys that are kept: which one is meant, what it opens, whether it can be replaced."""

from datetime import datetime

from batch_exports.domain.errors import Invalid, NotFound
from batch_exports.domain.keys import KEY_MARK, ApiKey, key_prefix
from batch_exports.ports import Transaction


async def find_key(tx: Transaction, reference: str) -> ApiKey:
    """The key with this id, or this prefix, or which it is itself; raises NotFound or Invalid."""
    # A key of an early version has an empty prefix, which names none.
    found = [key for key in await tx.access.keys() if reference and reference in (str(key.id), key.prefix)]
    found = found or [key for key in await tx.access.find_keys(key_prefix(reference)) if key.matches(reference)]
    shown = key_prefix(reference) if reference.startswith(KEY_MARK) else reference
    if not found:
        raise NotFound(f"There is no key '{shown}'. Name it by its id or its prefix, as `keys list` shows them.")
    if len(found) > 1:
        raise Invalid(f"Several keys begin with {shown}: name one by its id.")
    return found[0]


def check_rotation(key: ApiKey, now: datetime) -> None:
    """See that a key can be replaced; raises Invalid."""
    if not key.is_valid(now):
        raise Invalid(f"The key {key.id} is not valid any more. Make a new one.")
    if key.replaced_by is not None:
        raise Invalid(f"The key {key.id} was rotated before. Rotate {key.replaced_by}, which replaced it.")


async def opened_by(tx: Transaction, key: ApiKey) -> frozenset[int]:
    """The projects that a key opens."""
    if key.project_ids is not None:
        return key.project_ids
    return frozenset(project.id for project in await tx.access.projects(key.organization_id))
