"""Clients of an application in this process, for each of the keys that a program acts with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.testclient import TestClient

from batch_exports.conformance.model import MakeClient, ModelKeys
from mock_server.personas import KEYS

MODEL_KEYS = ModelKeys(KEYS["admin"], KEYS["other_project"], KEYS["read"])

Send = Callable[[httpx.Request], httpx.Response]
Fault = Callable[[httpx.Request, Send], httpx.Response]
"""Answers a request in place of a service, which it may ask."""


class _Between(httpx.BaseTransport):
    def __init__(self, service: httpx.BaseTransport, fault: Fault) -> None:
        self._service = service
        self._fault = fault

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._fault(request, self._send)

    def _send(self, request: httpx.Request) -> httpx.Response:
        response = self._service.handle_request(request)
        response.read()
        return response


def no_fault(request: httpx.Request, send: Send) -> httpx.Response:
    return send(request)


@contextmanager
def connected(app: Any, fault: Fault = no_fault) -> Iterator[MakeClient]:
    """Starts an application and makes its clients, whose requests pass by a fault."""
    with TestClient(app) as started:
        transport = _Between(started._transport, fault)

        def make_client(key: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {key}"}
            return httpx.Client(transport=transport, base_url="http://testserver", headers=headers)

        yield make_client
