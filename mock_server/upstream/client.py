"""Asks an upstream what a caller asked the mock."""

import asyncio
import secrets
from dataclasses import dataclass
from string import punctuation
from typing import Self
from urllib.parse import quote

import httpx

from batch_exports.contract.errors import ApiError
from batch_exports.contract.request import Request
from mock_server.upstream.headers import sent_there
from mock_server.upstream.target import Target, is_this_machine

MOST_BYTES = 16 * 1024 * 1024
"""How long an answer may be, unpacked."""

_CONNECT_SECONDS = 5.0
_SECONDS = 60.0
_ADVICE = "Look whether it is up, or start the mock without --proxy for this operation."
_UNPACKED = frozenset({"", "identity", "gzip", "deflate"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream said, its body unpacked."""

    url: str
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class UpstreamClient:
    """Keeps connections to one upstream."""

    def __init__(self, target: Target, seconds: float = _SECONDS, most_bytes: int = MOST_BYTES) -> None:
        self._target = target
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._pseudonym = f"mock-{secrets.token_hex(4)}"
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Be ready to connect."""
        host = httpx.URL(self._target.url).host
        timeout = httpx.Timeout(self._seconds, connect=_CONNECT_SECONDS)
        # A proxy of the environment leads out of this machine, never into it.
        self._http = httpx.AsyncClient(timeout=timeout, trust_env=not is_this_machine(host))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def ask(self, request: Request, body: bytes) -> Answer:
        """The upstream's answer; raises ApiError when there is none that could be passed on."""
        if self._pseudonym in (request.header(b"via") or ""):
            raise ApiError(508, "upstream_loop", "The upstream leads back to this mock: start it with another one.")
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(request, body)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise self._too_slow(error) from None
        except httpx.HTTPError as error:
            raise self._unusable(f"gave no usable answer ({_cause(error)})") from None

    async def _ask(self, request: Request, body: bytes) -> Answer:
        if self._http is None:
            raise RuntimeError("The application was not started: an upstream is asked between its start and its end.")
        query = quote(request.scope["query_string"], safe=punctuation)
        url = self._target.url + quote(request.path, safe="/") + (f"?{query}" if query else "")
        headers = sent_there(request.scope["headers"], self._target.key, request.id, f"1.1 {self._pseudonym}".encode())
        asked = httpx.Request(request.method, url, headers=headers, content=body or None)
        response = await self._http.send(asked, stream=True)
        try:
            return Answer(url, response.status_code, _headers(response), await self._body(response))
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes() if _is_unpacked(response) else response.aiter_raw():
            body += chunk
            if len(body) > self._most_bytes:
                raise self._unusable(f"answered more than {self._most_bytes} bytes. Ask for smaller pages")
        return bytes(body)

    def _too_slow(self, error: Exception) -> ApiError:
        if isinstance(error, httpx.ConnectTimeout):
            said = f"cannot be connected to within {_CONNECT_SECONDS:g} seconds"
        else:
            said = f"did not answer within {self._seconds:g} seconds. What was asked for may still have been done"
        return ApiError(504, "upstream_timeout", f"The upstream {self._target.url} {said}. {_ADVICE}")

    def _unusable(self, said: str) -> ApiError:
        return ApiError(502, "upstream_unusable", f"The upstream {self._target.url} {said}. {_ADVICE}")


def _is_unpacked(response: httpx.Response) -> bool:
    named = response.headers.get("content-encoding", "").lower().split(",")
    return all(each.strip() in _UNPACKED for each in named)


def _headers(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    given = [(name.lower(), value) for name, value in response.headers.raw]
    return [each for each in given if each[0] != b"content-encoding"] if _is_unpacked(response) else given


def _cause(error: httpx.HTTPError) -> str:
    return " ".join(str(error).split()) or type(error).__name__
