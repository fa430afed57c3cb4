"""The deployment that a run asks, and the first questions, which say whether it can be asked at all."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from batch_exports.conformance.exchanges import Exchange, of_response
from batch_exports.conformance.hooks_settings import SILENT_ENDPOINT
from batch_exports.conformance.made_exports import made_export, note_made
from batch_exports.conformance.operations import SAFE_METHODS

OWN = "/api/projects/@current/batch_exports/"

_NOWHERE = "https://s3.example.com"
"""Resolves to nothing: for deployments that refuse to speak to their own machine."""
_PATIENCE_SECONDS = 20.0
_MOST_WAITS = 5


class CannotRunError(Exception):
    """The deployment cannot be asked; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a deployment is, and the keys to it."""

    url: str
    key: str = field(repr=False)
    other_key: str | None = field(default=None, repr=False)
    read_key: str | None = field(default=None, repr=False)
    project: str | None = None
    """The number of the key's project, once it is known."""
    silent_endpoint: str = SILENT_ENDPOINT
    is_own_mock: bool = False
    """Whether the run itself has started it."""

    def hide_keys(self, text: str) -> str:
        """The text with `$KEY`, `$OTHER_KEY` or `$READ_KEY` for every key in it."""
        for key, name in sorted(self._names().items(), reverse=True):
            # A name must end where the key did.
            text = re.sub(rf"{re.escape(key)}(?=\w)", f"${{{name}}}", text).replace(key, f"${name}")
        return text

    @property
    def command(self) -> str:
        """The command that asks it, with the names of its keys."""
        if self.is_own_mock:
            return "batch-exports contract"
        options = {"KEY": "--key", "OTHER_KEY": "--other-key", "READ_KEY": "--read-key"}
        named = " ".join(f'{option} "${name}"' for name, option in options.items() if name in self._names().values())
        return f"batch-exports contract --url {self.url} {named}"

    def _names(self) -> dict[str, str]:
        keys = {"KEY": self.key, "OTHER_KEY": self.other_key, "READ_KEY": self.read_key}
        return {key: name for name, key in keys.items() if key}


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes the clients of a run: they note what they ask and make, and wait where they must."""

    url: str
    note: Callable[[Exchange], None]
    made: Path
    changes: bool
    waiting: Callable[[float], None] = lambda _: None
    """Hears for how many seconds an answer of 429 makes a client wait."""

    def of(self, key: str | None) -> httpx.Client:
        """A client with this key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [self._guard], "response": [self._note]}
        transport = _Waiting(self.waiting)
        return httpx.Client(
            base_url=self.url, headers=headers, event_hooks=hooks, timeout=_PATIENCE_SECONDS, transport=transport
        )

    def _guard(self, request: httpx.Request) -> None:
        if not self.changes and request.method not in SAFE_METHODS:
            raise PermissionError(f"{request.method} must not leave a run that only reads")

    def _note(self, response: httpx.Response) -> None:
        response.read()
        made = made_export(response.request.method, response.request.url.path, response.status_code, response.content)
        if made:
            note_made(self.made, made)
        self.note(of_response(response, response.elapsed.total_seconds()))


class _Waiting(httpx.HTTPTransport):
    """Waits as an answer of 429 asks, and asks again."""

    def __init__(self, waiting: Callable[[float], None]) -> None:
        super().__init__()
        self._waiting = waiting

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        for _ in range(_MOST_WAITS):
            wait = response.headers.get("Retry-After", "")
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS or not wait.isdecimal():
                break
            response.close()
            self._waiting(float(wait))
            time.sleep(float(wait))
            response = super().handle_request(request)
        return response


def find_out(target: Target, clients: Clients) -> Target:
    """The target with what its first answers tell; CannotRunError if it cannot be asked."""
    keys = {"--key": target.key, "--other-key": target.other_key, "--read-key": target.read_key}
    given = {option: key for option, key in keys.items() if key}
    if len({*given.values()}) < len(given):
        raise CannotRunError(f"{', '.join(given)} name the same key: each says who else asks. Leave out what you lack.")
    with _reachable(target.url):
        for option, key in given.items():
            _check_key(key, option)
            with clients.of(key) as client:
                _admitted(client.get(OWN, params={"limit": 1}), option)
        with clients.of(target.key) as client:
            return _found_by_changes(target, client) if clients.changes else target


def _check_key(key: str, option: str) -> None:
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CannotRunError(f"What {option} gives is no key: it has characters that no header can carry.")


def _found_by_changes(target: Target, client: httpx.Client) -> Target:
    made = client.post(OWN, json=_export(SILENT_ENDPOINT))
    if made.status_code == httpx.codes.BAD_REQUEST:
        target = replace(target, silent_endpoint=_NOWHERE)
        made = client.post(OWN, json=_export(_NOWHERE))
    if made.status_code == httpx.codes.FORBIDDEN:
        raise CannotRunError(
            "The key of --key may not write: give one with the scope batch_export:write, or take --profile read-only."
        )
    try:
        return replace(target, project=str(made.json()["team_id"]))
    except (ValueError, KeyError, TypeError):
        return target


def _export(endpoint: str) -> dict[str, Any]:
    config = {
        "bucket_name": "acme-lake",
        "region": "eu-central-1",
        "prefix": "",
        "aws_access_key_id": "example-key-id",
        "aws_secret_access_key": "not-a-real-secret",
        "endpoint_url": endpoint,
    }
    destination = {"type": "S3", "config": config}
    return {"name": "Of a contract run", "interval": "hour", "paused": True, "destination": destination}


@contextmanager
def _reachable(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotRunError(
            f"{url} cannot be reached ({error}): look at --url and whether the service is up."
        ) from None


def _admitted(answer: httpx.Response, option: str) -> None:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise CannotRunError(f"The key of {option} is not known there: look for a slip, or make a new key.")
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise CannotRunError(f"The key of {option} may not read: give one with the scope batch_export:read.")
    if answer.status_code == httpx.codes.NOT_FOUND or not _is_object(answer):
        raise CannotRunError(
            f"There is no such API at --url, it answered {answer.status_code} to GET {answer.request.url.path}: "
            "give the address without a path, as https://host:port."
        )


def _is_object(answer: httpx.Response) -> bool:
    try:
        return isinstance(answer.json(), dict)
    except ValueError:
        return False
