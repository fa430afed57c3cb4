"""The way out: every connection of a destination is made to an address that the egress policy was asked about.

A driver takes one of two ways, by the hook that it offers:

- HTTP drivers, which look names up themselves (S3; in their time Azure, GCS, BigQuery, Snowflake, Databricks), are sent
  through a proxy in this process, `passage(host, port).proxy_url`. TLS stays between the driver and the server.
- Drivers that take an address besides the name (PostgreSQL and Redshift: `hostaddr`) are given those of
  `resolve(host, port)`; the server's certificate is still checked against the name.

Either way a name is looked up once for each connection, all its addresses are judged, and one of these is connected to.
"""

import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from batch_exports.destinations.forward_proxy import LOOPBACK, ForwardProxy, NotAdmitted
from batch_exports.domain.egress import EgressPolicy, same_host
from batch_exports.domain.errors import ExportFailure, PermanentFailure, RetryableFailure

CONNECT_TIMEOUT = 10.0

LookUp = Callable[..., Sequence[tuple[Any, ...]]]
"""As `socket.getaddrinfo`."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class Passage:
    """A driver's way through the proxy to one host and port; open as long as somebody holds it."""

    host: str
    port: int
    proxy_url: str = field(repr=False)
    failure: ExportFailure | None = None
    """Why the last connection was not made; drivers tell nothing of what a proxy answers them."""

    def require(self, host: str, port: int) -> None:
        """Raise PermanentFailure unless this is where the passage leads to."""
        if port != self.port or not same_host(host, self.host):
            raise PermanentFailure(
                f"{self.host} redirects to {host} port {port}, and exports follow no redirect to another server. "
                "Change the settings of the destination so that they name the right server."
            )


class EgressGate:
    """Connects under one egress policy; its proxy starts at the first passage."""

    def __init__(self, policy: EgressPolicy, look_up: LookUp = socket.getaddrinfo) -> None:
        self.policy = policy
        self._look_up = look_up
        self._passages: WeakValueDictionary[str, Passage] = WeakValueDictionary()
        self._lock = Lock()
        self._proxy: ForwardProxy | None = None

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them permitted; a host that is not is refused before any look-up."""
        self.policy.require(host)
        try:
            found = self._look_up(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise RetryableFailure(f"The name '{host}' could not be looked up for the moment.") from None
            raise PermanentFailure(f"The host '{host}' is unknown. Check its name for a mistake.") from None
        except (UnicodeError, OSError):
            raise PermanentFailure(f"The host '{host}' cannot be looked up. Check its name for a mistake.") from None
        addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
        self.policy.require_addresses(host, addresses)
        return addresses

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address of a host that answers; raises PermanentFailure or RetryableFailure."""
        reason = "it has no address"
        for address in self.resolve(host, port):
            try:
                return socket.create_connection((address, port), timeout=CONNECT_TIMEOUT)
            except OSError as error:
                reason = "no answer in time" if isinstance(error, TimeoutError) else (error.strerror or "no connection")
        raise RetryableFailure(
            f"Nothing answers at {host} port {port} ({reason}). "
            "Check that the server runs and that no firewall is between."
        )

    def passage(self, host: str, port: int) -> Passage:
        """A way to one host and port for a driver that can be told of a proxy."""
        with self._lock:
            if self._proxy is None:
                self._proxy = ForwardProxy(self._connect_for)
            proxy = self._proxy
        credential = secrets.token_urlsafe()
        passage = Passage(host, port, f"http://export:{credential}@{LOOPBACK}:{proxy.port}")
        self._passages[credential] = passage
        return passage

    def close(self) -> None:
        """End all passages and the proxy; the gate can be used again."""
        with self._lock:
            proxy, self._proxy = self._proxy, None
        self._passages.clear()
        if proxy is not None:
            proxy.close()

    def _connect_for(self, credential: str, host: str, port: int) -> socket.socket:
        passage = self._passages.get(credential)
        if passage is None:
            raise NotAdmitted
        try:
            passage.require(host, port)
            connection = self.connect(host, port)
        except ExportFailure as failure:
            passage.failure = failure
            raise
        passage.failure = None
        return connection
