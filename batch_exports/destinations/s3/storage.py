"""Keeps objects in an S3 bucket, through obstore."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from batch_exports.destinations.egress_gate import CONNECT_TIMEOUT, EgressGate, Passage
from batch_exports.destinations.s3.config import S3Settings
from batch_exports.destinations.s3.failures import error_code, error_status, failure

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

PART_BYTES = 16 * 1024 * 1024
"""Size of an upload's parts: 10,000 of them, the most that S3 takes, make 156 GiB."""
PARTS_IN_FLIGHT = 3
_GONE = frozenset({404})
_UNSEEN = frozenset({403, 404})
# Longer than the gate's, so that it is the gate that says why there is no connection.
_CONNECT_TIMEOUT = timedelta(seconds=CONNECT_TIMEOUT + 5)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take, and how often one that failed in passing is sent again."""

    seconds: int
    retries: int


WHOLE_UPLOADS = Patience(seconds=120, retries=3)
"""For runs, which are repeated from their beginning when a request fails for good."""


class S3Storage:
    """Objects in one bucket; connects at the first use."""

    def __init__(self, settings: S3Settings, gate: EgressGate, patience: Patience = WHOLE_UPLOADS) -> None:
        self._settings = settings
        self._gate = gate
        self._patience = patience

    def put(self, key: str, blocks: Iterable[bytes]) -> None:
        """Upload in one request when the blocks are few, else in parts, some of them at once."""
        source = _Watched(blocks)
        with self._explained(f"write '{key}'", source=source):
            first, rest = _first_part(iter(source))
            body = b"".join(first) if rest is None else chain(first, rest)
            obstore.put(self._store, key, body, chunk_size=PART_BYTES, max_concurrency=PARTS_IN_FLIGHT)

    def read(self, key: str, limit: int) -> bytes | None:
        """At most `limit` bytes of an object; None when there is none, or when the credentials may not read."""
        try:
            with self._explained(f"read '{key}'", tolerates=_UNSEEN):
                found = obstore.get(self._store, key)
                content = bytearray()
                for block in found.stream(min_chunk_size=64 * 1024):
                    content += block
                    if len(content) >= limit:
                        break
                return bytes(content[:limit])
        except _AbsentError:
            return None

    def exists(self, key: str) -> bool:
        """Whether the object is there; False when the credentials may not look."""
        try:
            with self._explained(f"look for '{key}'", tolerates=_UNSEEN):
                obstore.head(self._store, key)
        except _AbsentError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is left alone."""
        try:
            with self._explained(f"delete '{key}'", tolerates=_GONE):
                obstore.delete(self._store, key)
        except _AbsentError:
            return

    def list_any(self) -> None:
        """Ask for the first key of the bucket, to see whether it is there and may be listed."""
        with self._explained("list objects"):
            next(iter(obstore.list(self._store, chunk_size=1)), None)

    @cached_property
    def _passage(self) -> Passage:
        return self._gate.passage(self._settings.host, self._settings.port)

    @cached_property
    def _store(self) -> S3Store:
        settings = self._settings
        return S3Store(
            settings.bucket,
            config=_encryption(settings),
            # Each of these has an environment variable, which counts where nothing is said.
            endpoint=settings.url,
            aws_endpoint_url_s3=settings.url,
            region=settings.region,
            virtual_hosted_style_request=settings.virtual_style,
            skip_signature=False,
            unsigned_payload=False,
            s3_express=False,
            request_payer=False,
            disable_bulk_delete=True,
            credential_provider=self._credentials,
            client_options={
                "allow_http": settings.is_plain_http,
                "allow_invalid_certificates": False,
                "connect_timeout": _CONNECT_TIMEOUT,
                "timeout": timedelta(seconds=self._patience.seconds),
                "proxy_url": self._passage.proxy_url,
                "user_agent": "batch-exports",
            },
            retry_config={
                "max_retries": self._patience.retries,
                "retry_timeout": timedelta(seconds=60),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=200),
                    "max_backoff": timedelta(seconds=5),
                    "base": 2,
                },
            },
        )

    def _credentials(self) -> "S3Credential":
        """The keys of the export: as a provider they leave no room for a session token of the environment."""
        return {
            "access_key_id": self._settings.access_key_id,
            "secret_access_key": self._settings.secret_access_key,
            "token": None,
            "expires_at": None,
        }

    @contextmanager
    def _explained(
        self, doing: str, *, source: "_Watched | None" = None, tolerates: frozenset[int] = frozenset()
    ) -> Iterator[None]:
        self._passage.failure = None
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            if source is not None and source.error is not None:
                raise source.error from None
            if self._passage.failure is not None:
                raise self._passage.failure from None
            if _is_among(tolerates, error):
                raise _AbsentError from None
            raise failure(error, self._settings, doing) from None


class _AbsentError(Exception):
    """There is no such object, or none that the credentials may know of."""


class _Watched:
    """Remembers the error of the blocks, so that it is not taken for one of the upload."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._blocks
        except BaseException as error:
            self.error = error
            raise


def _first_part(blocks: Iterator[bytes]) -> tuple[list[bytes], Iterator[bytes] | None]:
    """The first blocks, and the rest when they are larger than one part."""
    first, size = [], 0
    for block in blocks:
        first.append(block)
        size += len(block)
        if size > PART_BYTES:
            return first, blocks
    return first, None


def _encryption(settings: S3Settings) -> "S3Config":
    config: S3Config = {}
    if settings.encryption is not None:
        config["server_side_encryption"] = settings.encryption
    if settings.kms_key_id is not None:
        config["sse_kms_key_id"] = settings.kms_key_id
    return config


def _is_among(statuses: frozenset[int], error: Exception) -> bool:
    """Whether an answer says no more than its status: no such key, or no right to know of it."""
    # An answer to HEAD has no body and thus no code.
    return error_status(error) in statuses and error_code(error) in {None, "NoSuchKey", "AccessDenied"}
