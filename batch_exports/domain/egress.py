"""Which hosts this service may speak to: one policy, asked before any name is looked up or packet sent."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from batch_exports.domain.connection_strings import servers_of
from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.domain.errors import Invalid, PermanentFailure

_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")
# A last label of digits makes a number of the whole host for many clients: 2130706433 and 0x7f.1 are 127.0.0.1 to them.
_LIKE_ADDRESS = re.compile(r"[0-9.]+$|.*:")
_NUMERIC_HOST = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
# ASCII only: look-alikes such as U+017F would become plain letters when the name is looked up.
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_UNSAFE_IN_URL = re.compile(r"[\s\\\x00-\x20\x7f]")

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
# Relays, tunnels and documentation, which one version or another of Python takes for public; and the address at which
# Azure's machines find the platform's own services.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


class EgressMode(StrEnum):
    """How far out the service may reach."""

    PUBLIC = "public"
    """Any host but private, loopback, link-local and reserved ones."""
    LOOPBACK = "loopback"
    """This machine only."""
    ANY = "any"


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """The mode in force, and hosts (names or networks) that the operator allows besides."""

    mode: EgressMode
    allowed: frozenset[str] = frozenset()

    def permits_host(self, host: str) -> bool:
        """Whether a host, as written, may be looked up and spoken to; judged without any look-up."""
        name = _canonical(host)
        if self._is_listed(name):
            return True
        if _address(name) is not None:
            return self.permits_address(name)
        is_name = _NAME.fullmatch(name) is not None and not _NUMERIC_HOST.fullmatch(name)
        return is_name and self._permits_name(name)

    def permits_address(self, text: str) -> bool:
        """Whether an address that a name led to may be spoken to."""
        address = _address(text)
        if address is None:
            return False
        if self.mode is EgressMode.ANY or any(address in network for network in self._networks(address.version)):
            return True
        if self.mode is EgressMode.LOOPBACK:
            return address.is_loopback
        return _is_public(address)

    def require(self, host: str) -> None:
        """Raise PermanentFailure unless the host may be spoken to."""
        if not self.permits_host(host):
            raise self._refusal(f"'{host}'")

    def require_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Raise PermanentFailure unless all addresses that a permitted host leads to may be spoken to.

        A host that the operator lists by its name may lead anywhere.
        """
        if self._is_listed(_canonical(host)):
            return
        for address in addresses:
            if not self.permits_address(address):
                raise self._refusal(f"'{host}' at address {address}")

    def _permits_name(self, name: str) -> bool:
        if self.mode is EgressMode.ANY:
            return True
        if self.mode is EgressMode.LOOPBACK:
            # Of all local names the only one that no resolver asks a name server for.
            return name == "localhost"
        is_local = name in _LOCAL_NAMES or name.endswith(".localhost")
        return not is_local and not name.endswith(_LOCAL_SUFFIXES) and "." in name

    def _refusal(self, where: str) -> PermanentFailure:
        return PermanentFailure(
            f"The egress policy '{self.mode}' of this service refuses host {where}. "
            "Use an allowed host, or ask the operator to add it to BATCH_EXPORTS_EGRESS_ALLOW."
        )

    def _is_listed(self, name: str) -> bool:
        return bool(name and self.allowed) and name in {_canonical(entry) for entry in self.allowed}

    def _networks(self, version: int) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        for entry in self.allowed:
            try:
                network = ipaddress.ip_network(entry.strip(), strict=False)
            except ValueError:
                continue
            if network.version == version:
                yield network


PUBLIC = EgressPolicy(EgressMode.PUBLIC)

_HOST_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "S3": ("endpoint_url",),
    "Postgres": ("host",),
    "Redshift": ("host",),
    "HTTP": ("url",),
    "BigQuery": ("token_uri",),
    "Databricks": ("server_hostname",),
    "AzureBlob": ("connection_string",),
}


def check_config_hosts(kind: str, config: Mapping[str, Any], policy: EgressPolicy) -> None:
    """Check, at write time, that `public` or the policy in force permits each host of a config; raises Invalid."""
    for setting in _HOST_SETTINGS.get(kind, ()):
        value = config.get(setting)
        if value is None:
            continue
        hosts = map(host_of, servers_of(value) if setting == "connection_string" else [value])
        if not all(host and (PUBLIC.permits_host(host) or policy.permits_host(host)) for host in hosts):
            shown = "its host is not allowed" if setting in SECRET_KEYS[kind] else f"'{value}'"
            raise Invalid(f"Invalid {setting}: {shown}", attr=f"destination__config__{setting}")


def host_of(value: str) -> str | None:
    """The host of a URL, or the value itself when it is a bare host; None when there is none to be found.

    A URL in which two parsers could see different hosts has none.
    """
    if "://" not in value:
        return value or None
    if _UNSAFE_IN_URL.search(value):
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return None
    return None if "@" in parts.netloc else host


def same_host(first: str, second: str) -> bool:
    """Whether two spellings are of one host name or one address."""
    one, other = _canonical(first), _canonical(second)
    return one == other or (_address(one) is not None and _address(one) == _address(other))


def _canonical(host: str) -> str:
    """Lower case, without the brackets of an IPv6 address and without the dot that ends a full name."""
    name = host.strip().lower()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    return name.removesuffix(".")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not _LIKE_ADDRESS.match(text):
        return None
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return None
    # ::ffff:127.0.0.1 is 127.0.0.1, whatever its notation.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            # What a gateway translates to IPv4 is judged by what it translates to.
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    is_special = any(address.version == network.version and address in network for network in _NOT_PUBLIC)
    return address.is_global and not address.is_multicast and not is_special
