"""API keys as the contract layer's authenticator."""

from batch_exports.contract.security import Principal
from batch_exports.domain.keys import KEY_MARK
from batch_exports.services.access import AccessService


class KeyAuthenticator:
    """Knows a caller by the key that it shows; asks the store each time, so that revoking a key works at once."""

    def __init__(self, access: AccessService) -> None:
        self._access = access

    async def __call__(self, token: str) -> Principal | None:
        """The caller whose key this is, or None."""
        if not token.startswith(KEY_MARK):
            return None
        found = await self._access.find_key(token)
        if found is None:
            return None
        key, project_ids = found
        return Principal(id=str(key.id), scopes=key.scopes, project_ids=project_ids, label=key.label)
