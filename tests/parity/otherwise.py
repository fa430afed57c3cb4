"""Ways to make a world answer otherwise, at its client: requests that it hears wrongly, answers that it bends."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

Ask = Callable[[httpx.Request], httpx.Request]
Tell = Callable[[httpx.Response], httpx.Response]


def _same(message: Any) -> Any:
    return message


@dataclass
class Otherwise:
    """A client of a world, between a request as it is sent and an answer as it is received."""

    client: httpx.AsyncClient
    ask: Ask = _same
    tell: Tell = _same

    def build_request(self, *args: Any, **options: Any) -> httpx.Request:
        return self.client.build_request(*args, **options)

    async def send(self, request: httpx.Request) -> httpx.Response:
        return self.tell(await self.client.send(self.ask(request)))


def ignoring(header: str) -> Ask:
    """A world that does not read a header."""

    def ask(request: httpx.Request) -> httpx.Request:
        request.headers.pop(header, None)
        return request

    return ask


def ignoring_parameter(name: str) -> Ask:
    """A world that does not read a parameter of the query."""

    def ask(request: httpx.Request) -> httpx.Request:
        request.url = request.url.copy_remove_param(name)
        return request

    return ask


def forgetting(field: str) -> Ask:
    """A world that does not read a field of bodies."""

    def ask(request: httpx.Request) -> httpx.Request:
        try:
            body = json.loads(request.content)
            body.pop(field, None)
        except (ValueError, AttributeError):
            return request
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        return httpx.Request(request.method, request.url, headers=headers, content=json.dumps(body))

    return ask


def doing_nothing(method: str, ending: str) -> Ask:
    """A world that answers such requests, and makes no change."""

    def ask(request: httpx.Request) -> httpx.Request:
        if request.method != method or not request.url.path.endswith(ending):
            return request
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        return httpx.Request("OPTIONS", request.url, headers=headers)

    return ask


def without(header: str) -> Tell:
    """A world that leaves out a header."""

    def tell(response: httpx.Response) -> httpx.Response:
        response.headers.pop(header, None)
        return response

    return tell


def with_status(old: int, new: int) -> Tell:
    """A world that answers with another status."""

    def tell(response: httpx.Response) -> httpx.Response:
        if response.status_code == old:
            response.status_code = new
        return response

    return tell


def with_body(change: Callable[[Any], Any]) -> Tell:
    """A world whose objects are others; `change` is given each that an answer shows, innermost first."""

    def tell(response: httpx.Response) -> httpx.Response:
        if not response.content:
            return response
        body = json.loads(response.content, object_hook=change)
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=headers, json=body)

    return tell


def with_field(name: str, change: Callable[[Any], Any]) -> Tell:
    """A world whose objects have another value in a field."""
    return with_body(lambda found: found | {name: change(found[name])} if name in found else found)
