"""Looking up and reaching hosts under the egress policy."""

import socket

import pytest

from batch_exports.destinations.connections import reach, resolve
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from tests.destinations.worlds import LOOPBACK

ANY = EgressPolicy(EgressMode.ANY)


def test_a_local_name_leads_to_local_addresses():
    assert set(resolve(LOOPBACK, "localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com"])
def test_a_host_that_is_not_allowed_is_not_looked_up(host):
    with pytest.raises(PermanentFailure, match="egress policy 'loopback'"):
        resolve(LOOPBACK, host, 80)


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "bad host"])
def test_a_name_that_cannot_be_one_is_a_readable_failure(host):
    with pytest.raises((PermanentFailure, RetryableFailure), match=r"host|name"):
        resolve(ANY, host, 80)


def test_a_listening_port_is_reached_and_a_closed_one_reported():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reach(LOOPBACK, "127.0.0.1", port)
    with pytest.raises(RetryableFailure, match=f"Nothing answers at 127.0.0.1 port {port}"):
        reach(LOOPBACK, "127.0.0.1", port)
