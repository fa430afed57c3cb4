"""The egress policy: nothing reaches a host that the operator did not mean to be reached."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.egress import PUBLIC, EgressMode, EgressPolicy, check_config_hosts, host_of
from batch_exports.domain.errors import Invalid, PermanentFailure

LOOPBACK = EgressPolicy(EgressMode.LOOPBACK)
ANY = EgressPolicy(EgressMode.ANY)
PRIVATE_NETWORKS = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "168.63.129.16/32", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    "::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2002::/16", "2001::/32",
    "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
private_addresses = st.sampled_from(PRIVATE_NETWORKS).flatmap(lambda network: st.ip_addresses(network=network))
private_v4 = st.sampled_from([network for network in PRIVATE_NETWORKS if "." in network]).flatmap(
    lambda network: st.ip_addresses(network=network)
)


def numeric_spellings(address: ipaddress.IPv4Address) -> list[str]:
    number, parts = int(address), str(address).split(".")
    return [
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(part)) for part in parts),
        ".".join(f"0{int(part):o}" for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        f"{number}.",
    ]


def ipv6_forms(address: ipaddress.IPv4Address) -> list[str]:
    """What leads to an IPv4 address or looks like it: mapped, compatible, translated (NAT64, SIIT), or by 6to4."""
    high, low = f"{int(address) >> 16:x}", f"{int(address) & 0xFFFF:x}"
    return [
        f"::ffff:{address}", f"::ffff:{high}:{low}", f"0:0:0:0:0:FFFF:{address}", f"::{address}",
        f"64:ff9b::{address}", f"64:ff9b:1::{address}", f"::ffff:0:{address}", f"2002:{high}:{low}::1",
    ]  # fmt: skip


@given(private_addresses)
def test_public_refuses_every_address_that_is_not_public(address):
    assert not PUBLIC.permits_host(str(address))
    assert not PUBLIC.permits_address(str(address))


@given(private_v4)
def test_public_refuses_private_addresses_dressed_as_ipv6(address):
    for text in ipv6_forms(address):
        assert not PUBLIC.permits_address(text), text
        assert not PUBLIC.permits_host(text), text
        assert not PUBLIC.permits_host(f"[{text}]"), text


@given(private_v4)
def test_no_spelling_of_a_private_address_can_be_written(address):
    for text in [str(address), *numeric_spellings(address), *(f"[{form}]" for form in ipv6_forms(address))]:
        for kind, setting, value in (("S3", "endpoint_url", f"http://{text}:9000/x"), ("Postgres", "host", text)):
            with pytest.raises(Invalid) as refusal:
                check_config_hosts(kind, {setting: value}, PUBLIC)
            assert refusal.value.attr == f"destination__config__{setting}"


@given(st.ip_addresses(v=4))
def test_no_address_is_let_in_by_writing_it_as_numbers(address):
    for text in numeric_spellings(address):
        for policy in (PUBLIC, LOOPBACK, ANY):
            assert not policy.permits_host(text), text


@given(st.ip_addresses())
def test_what_the_system_reads_as_an_address_is_judged_as_that_address(address):
    for policy in (PUBLIC, LOOPBACK, ANY):
        assert policy.permits_host(str(address)) == policy.permits_address(str(address))
        assert policy.permits_host(f"{address}.") == policy.permits_address(str(address))


@given(st.text(alphabet="0123456789abcdefxo.:[]% -_/@\\", max_size=20))
def test_loopback_permits_nothing_that_the_system_would_send_elsewhere(text):
    if LOOPBACK.permits_host(text):
        numeric = socket.AI_NUMERICHOST
        name = text.strip().strip("[]").removesuffix(".")
        assert "localhost" in name or all(
            ipaddress.ip_address(found[4][0].split("%")[0]).is_loopback
            for found in socket.getaddrinfo(name, 1, type=socket.SOCK_STREAM, flags=numeric)
        )


@given(st.ip_addresses())
def test_loopback_permits_loopback_addresses_and_no_other(address):
    assert LOOPBACK.permits_address(str(address)) == (
        address.is_loopback or bool(getattr(address, "ipv4_mapped", None) and address.ipv4_mapped.is_loopback)
    )


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_an_allowed_network_permits_its_addresses_even_with_host_bits_set(address, length):
    policy = EgressPolicy(EgressMode.PUBLIC, frozenset({f"{address}/{length}"}))
    assert policy.permits_host(str(address))
    assert policy.permits_address(f"::ffff:{address}")


@given(private_addresses)
def test_a_public_name_that_leads_to_a_private_address_is_refused(address):
    with pytest.raises(PermanentFailure, match="egress policy 'public'") as refusal:
        PUBLIC.require_addresses("storage.example.com", ["93.184.215.14", str(address)])
    assert f"refuses host 'storage.example.com' at address {address}. Use an allowed host" in str(refusal.value)


@given(private_addresses)
def test_a_name_that_the_operator_lists_may_lead_anywhere(address):
    policy = EgressPolicy(EgressMode.PUBLIC, frozenset({"Minio.Internal"}))
    policy.require("minio.internal.")
    policy.require_addresses("MINIO.internal", [str(address)])
    assert not policy.permits_host("other.internal")


@pytest.mark.parametrize(
    "host",
    [
        "", " ", ".", "localhost", "LOCALHOST.", "app.localhost", "localhost.localdomain", "printer.local",
        "db.internal", "host", "foo.localho\u017ft", "\u217cocalhost.example", "a..b.example", "-a.example",
        "exa mple.com", "x/y.example",
        "user@example.com", "example.com:80", "1.2.3.4.5", "example.0x7f", "fe80::1%eth0", "\uff11\uff12\uff17.0.0.1",
        "[::1]", "metadata.google.internal", "169.254.169.254", "256.256.256.256",
    ],
)  # fmt: skip
def test_public_refuses(host):
    assert not PUBLIC.permits_host(host)
    with pytest.raises(PermanentFailure):
        PUBLIC.require(host)


@pytest.mark.parametrize(
    "host",
    ["example.com", "EXAMPLE.com.", "s3.eu-west-1.amazonaws.com", "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"],
)
def test_public_permits(host):
    assert PUBLIC.permits_host(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_loopback_permits(host):
    assert LOOPBACK.permits_host(host)


@pytest.mark.parametrize(
    "host", ["::", "example.com", "192.168.0.1", "localhost.example.com", "localhost..", "a.localhost"]
)
def test_loopback_refuses(host):
    assert not LOOPBACK.permits_host(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/", "http://user:word@example.com/",
        "http://exam\tple.com/", " http://example.com", "http://example.com\n", "http://[::1", "http://",
    ],
)  # fmt: skip
def test_a_url_in_which_two_parsers_could_see_different_hosts_has_none(url):
    assert host_of(url) is None
    with pytest.raises(Invalid) as refusal:
        check_config_hosts("S3", {"endpoint_url": url}, ANY)
    assert refusal.value.attr == "destination__config__endpoint_url"


def test_the_host_of_a_url_is_found():
    assert host_of("https://Storage.example.com:9000/path") == "storage.example.com"
    assert host_of("http://[::1]:80") == "::1"
    assert host_of("db.example.com") == "db.example.com"


def test_at_write_a_host_passes_when_public_or_the_policy_in_force_accepts_it():
    check_config_hosts("S3", {"endpoint_url": "https://storage.example.com"}, LOOPBACK)
    check_config_hosts("S3", {"endpoint_url": "http://127.0.0.1:8333"}, LOOPBACK)
    check_config_hosts("S3", {"endpoint_url": None}, PUBLIC)
    with pytest.raises(Invalid):
        check_config_hosts("S3", {"endpoint_url": "http://127.0.0.1:8333"}, PUBLIC)
    with pytest.raises(Invalid):
        check_config_hosts("Postgres", {"host": "10.0.0.1"}, LOOPBACK)
