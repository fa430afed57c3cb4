"""The egress gate: what is connected to is what the policy was asked about."""

import ipaddress
import socket
import threading
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from batch_exports.destinations.egress_gate import EgressGate, Passage
from batch_exports.destinations.forward_proxy import NotAdmitted
from batch_exports.domain.egress import PUBLIC, EgressMode, EgressPolicy
from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from tests.destinations.names import Names, serving_names
from tests.destinations.worlds import LOOPBACK
from tests.domain.test_egress import ipv6_forms, numeric_spellings, private_addresses, private_v4

ANY = EgressPolicy(EgressMode.ANY)


@given(private_addresses)
def test_a_name_that_leads_to_a_private_address_has_none_to_connect_to(address):
    names = Names([str(address)], ["93.184.215.14", str(address)])
    gate = EgressGate(PUBLIC, names)
    for _ in range(2):
        with pytest.raises(PermanentFailure, match=r"egress policy 'public' .* at address"):
            gate.resolve("storage.example.com", 443)


@given(private_v4, st.booleans())
def test_a_private_address_is_refused_in_every_ipv6_form_before_and_after_the_look_up(address, zoned):
    for text in ipv6_forms(address):
        form = f"{text}%eth0" if zoned else text
        assert not PUBLIC.permits_host(form), form
        names = Names([form])
        with pytest.raises(PermanentFailure, match="egress policy 'public'"):
            EgressGate(PUBLIC, names).resolve(form, 80)
        assert names.asked == []
        with pytest.raises(PermanentFailure, match="egress policy 'public'"):
            EgressGate(PUBLIC, names).resolve("storage.example.com", 80)


@given(st.ip_addresses(v=4), st.sampled_from([PUBLIC, LOOPBACK, ANY]))
def test_no_address_written_as_numbers_is_even_looked_up(address, policy):
    names = Names(["127.0.0.1"])
    for text in numeric_spellings(address):
        with pytest.raises(PermanentFailure, match="egress policy"):
            EgressGate(policy, names).resolve(text, 80)
    assert names.asked == []


@given(domains())
def test_under_the_loopback_policy_no_name_is_looked_up(name):
    names = Names(["127.0.0.1"])
    with pytest.raises(PermanentFailure, match="egress policy 'loopback'"):
        EgressGate(LOOPBACK, names).resolve(name, 80)
    assert names.asked == []


@given(st.ip_addresses().filter(lambda address: not address.is_loopback))
def test_under_the_loopback_policy_no_name_leads_elsewhere(address):
    with pytest.raises(PermanentFailure, match="egress policy 'loopback'"):
        EgressGate(LOOPBACK, Names([str(address)])).resolve("localhost", 80)
    assert not ipaddress.ip_address(address).is_loopback


def test_a_connection_leads_to_the_address_that_was_judged():
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with socket.create_server(("127.0.0.1", 0)) as server, serving_names(names) as gate:
        port = server.getsockname()[1]
        with gate.connect("storage.example.com", port) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
        assert names.asked == ["storage.example.com"]
        with pytest.raises(PermanentFailure, match=r"at address 127\.0\.0\.2"):
            gate.connect("storage.example.com", port)


def test_the_next_address_is_tried_when_one_does_not_answer():
    policy = EgressPolicy(EgressMode.LOOPBACK)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with EgressGate(policy, Names(["127.0.0.9", "127.0.0.1"])).connect("localhost", port) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def test_a_driver_that_takes_addresses_is_given_the_judged_ones():
    gate = EgressGate(PUBLIC, Names(["93.184.215.14", "2606:4700::1111", "93.184.215.14"]))
    assert gate.resolve("db.example.com", 5432) == ["93.184.215.14", "2606:4700::1111"]


def test_a_local_name_leads_to_local_addresses(gate):
    assert set(gate.resolve("localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "bad host", "\u217cocalhost"])
def test_a_name_that_cannot_be_one_is_a_readable_failure(host):
    names = Names(["127.0.0.1"])
    with pytest.raises(PermanentFailure, match=r"host"):
        EgressGate(ANY, names).resolve(host, 80)
    assert names.asked == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "later"), RetryableFailure),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), PermanentFailure),
        (OSError("broken"), PermanentFailure),
    ],
)
def test_a_failed_look_up_says_of_which_name(error, kind):
    with pytest.raises(kind, match=r"storage\.example\.com"):
        EgressGate(PUBLIC, Names(error)).resolve("storage.example.com", 80)


def test_a_closed_port_is_worth_another_try(gate):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(RetryableFailure, match=f"Nothing answers at 127.0.0.1 port {port}"):
            gate.connect("127.0.0.1", port)


def test_a_passage_shows_no_credential(gate):
    passage = gate.passage("127.0.0.1", 80)
    credential = passage.proxy_url.rpartition("@")[0].rpartition(":")[2]
    assert len(credential) > 30
    assert credential not in repr(passage)
    assert credential not in gate.passage("127.0.0.1", 80).proxy_url


@pytest.mark.parametrize(
    ("host", "port", "leads"),
    [
        ("STORAGE.example.com.", 443, True), ("storage.example.com", 80, False), ("example.com", 443, False),
        ("storage.example.com.evil.example", 443, False),
    ],
)  # fmt: skip
def test_a_passage_leads_to_one_host_and_port(gate, host, port, leads):
    passage = gate.passage("storage.example.com", 443)
    if leads:
        passage.require(host, port)
        return
    with pytest.raises(PermanentFailure, match=r"storage\.example\.com redirects to"):
        passage.require(host, port)


@given(st.ip_addresses(v=6))
def test_a_passage_to_an_address_knows_its_other_spellings(address):
    passage = Passage(address.exploded, 443, "")
    passage.require(f"[{address.compressed}]", 443)


def test_the_proxy_lives_from_the_first_passage_until_the_gate_closes(gate):
    gate.resolve("127.0.0.1", 80)
    assert not proxies()
    first = gate.passage("127.0.0.1", 80)
    gate.passage("127.0.0.1", 81)
    assert len(proxies()) == 1
    gate.close()
    gate.close()
    assert not proxies()
    assert gate.passage("127.0.0.1", 80).proxy_url != first.proxy_url


def test_a_passage_that_nobody_holds_is_closed(gate):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        passage = gate.passage("127.0.0.1", port)
        url = urlsplit(passage.proxy_url)
        gate._connect_for(url.password, "127.0.0.1", port).close()
        del passage
        with pytest.raises(NotAdmitted):
            gate._connect_for(url.password, "127.0.0.1", port)


def proxies():
    return [thread for thread in threading.enumerate() if thread.name == "egress-proxy"]
