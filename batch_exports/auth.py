"""API keys as the contract layer's authenticator."""

from batch_exports.contract.security import Principal
from batch_exports.domain.keys import KEY_PREFIX, hash_key
from batch_exports.ports import Store


class KeyAuthenticator:
    """Knows a caller by the hash of the key that it shows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, token: str) -> Principal | None:
        """The caller whose key this is, or None."""
        if not token.startswith(KEY_PREFIX):
            return None
        async with self._store.read() as tx:
            key = await tx.access.find_key(hash_key(token))
        if key is None:
            return None
        return Principal(id=str(key.id), scopes=key.scopes, project_ids=frozenset({key.project_id}))
