"""Clients of a ClickHouse server, embedded or not."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CONNECT_TIMEOUT = 10
# A query that filters hard may be silent for long before its first row; `max_execution_time` ends it, not the socket.
_READ_TIMEOUT = 900
_MAX_STREAMS = 64


def connect(*, url: str, user: str, password: str, database: str) -> "Client":
    """Open a client; several threads may use it at once, each stream has a connection of its own."""
    # Loaded here: the driver takes time and memory that only users of an event store should pay.
    import clickhouse_connect  # noqa: PLC0415
    from clickhouse_connect.driver.httputil import get_pool_manager  # noqa: PLC0415

    parts = urlsplit(url)
    return clickhouse_connect.get_client(
        interface="https" if parts.scheme == "https" else "http",
        host=parts.hostname,
        port=parts.port or (8443 if parts.scheme == "https" else 8123),
        username=user,
        password=password,
        database=database,
        compress=False,
        connect_timeout=_CONNECT_TIMEOUT,
        send_receive_timeout=_READ_TIMEOUT,
        # Sessions would allow one query at a time.
        autogenerate_session_id=False,
        query_retries=0,
        pool_mgr=get_pool_manager(maxsize=_MAX_STREAMS, num_pools=1),
    )
