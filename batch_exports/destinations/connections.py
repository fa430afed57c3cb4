"""The last check before a packet leaves: is the host allowed, and are all addresses that its name leads to?"""

import socket

from batch_exports.domain.egress import EgressPolicy
from batch_exports.domain.errors import PermanentFailure, RetryableFailure

CONNECT_TIMEOUT = 10.0


def resolve(policy: EgressPolicy, host: str, port: int) -> list[str]:
    """The addresses of a host, all of them permitted; a host that is not is refused before any look-up."""
    policy.require(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise RetryableFailure(f"The name '{host}' could not be looked up for the moment.") from None
        raise PermanentFailure(f"The host '{host}' is unknown. Check its name for a mistake.") from None
    except (UnicodeError, OSError):
        raise PermanentFailure(f"The host '{host}' cannot be looked up. Check its name for a mistake.") from None
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    policy.require_addresses(host, addresses)
    return addresses


def reach(policy: EgressPolicy, host: str, port: int) -> None:
    """Open and close a connection to an allowed host; raises PermanentFailure or RetryableFailure when it cannot."""
    for address in resolve(policy, host, port):
        try:
            socket.create_connection((address, port), timeout=CONNECT_TIMEOUT).close()
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else (error.strerror or "no connection")
        else:
            return
    raise RetryableFailure(
        f"Nothing answers at {host} port {port} ({reason}). Check that the server runs and that no firewall is between."
    )
