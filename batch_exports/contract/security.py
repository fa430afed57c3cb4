"""Who calls and what they may: bearer tokens, scopes and projects."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_exports.contract.errors import (
    ApiError,
    authentication_failed,
    not_authenticated,
    not_found,
    permission_denied,
)
from batch_exports.contract.request import Request

CURRENT_PROJECT = "@current"

_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9\-._~+/]{1,512}=*)")
_PROJECT_ID = re.compile(r"[1-9][0-9]{0,14}|0", re.ASCII)


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of a token: what they may do, in which projects, and what the token is called."""

    id: str
    scopes: frozenset[str]
    project_ids: frozenset[int]
    label: str = ""


ANONYMOUS = Principal(id="", scopes=frozenset(), project_ids=frozenset())
"""Whoever calls an operation that asks for no credentials."""

Authenticator = Callable[[str], Awaitable[Principal | None]]
"""Finds the owner of a token; None when nobody owns it."""

Throttle = Callable[[Principal, Mapping[str, Any]], Awaitable[Sequence[tuple[bytes, bytes]]]]
"""Counts a request of a caller, given the lifespan's state: the headers that tell how many more may follow.

Raises ApiError for one too many.
"""


class Guard:
    """Admits callers to one operation."""

    __slots__ = ("_authenticate", "_needs", "_throttle")

    def __init__(self, authenticate: Authenticator, scopes: Sequence[str], throttle: Throttle | None = None) -> None:
        self._authenticate = authenticate
        self._throttle = throttle
        self._needs = tuple((scope, _satisfying(scope)) for scope in scopes)

    async def admit(self, request: Request) -> Principal:
        """The caller, who holds every scope that the operation needs; ApiError for anybody else.

        What a known caller may not do counts too: refusals are no cheaper than answers.
        """
        authorization = request.authorization
        match = None if authorization is None else _BEARER.fullmatch(authorization)
        if match is None:
            raise _unreadable(authorization)
        principal = await self._authenticate(match[1].decode())
        if principal is None:
            raise authentication_failed()
        request.caller_id = principal.id
        if self._throttle is not None:
            request.answer_headers = await self._throttle(principal, request.state)
        for scope, satisfying in self._needs:
            if satisfying.isdisjoint(principal.scopes):
                raise permission_denied(f"API key missing required scope '{scope}'")
        return principal


def project_of(principal: Principal, text: str) -> int:
    """The project that a path names, as one of the caller's own; ApiError for any other."""
    if text == CURRENT_PROJECT and principal.project_ids:
        return min(principal.project_ids)
    if not _PROJECT_ID.fullmatch(text):
        raise not_found("Project not found.")
    project_id = int(text)
    if project_id not in principal.project_ids and principal is not ANONYMOUS:
        raise permission_denied(f"API key does not have access to the requested project: ID {project_id}.")
    return project_id


def _satisfying(scope: str) -> frozenset[str]:
    noun, _, action = scope.rpartition(":")
    return frozenset({scope, f"{noun}:write"}) if action == "read" else frozenset({scope})


def _unreadable(authorization: bytes | None) -> ApiError:
    is_bearer = authorization is not None and authorization[:6].lower() == b"bearer"
    return authentication_failed() if is_bearer else not_authenticated()
