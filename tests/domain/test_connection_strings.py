"""Azure's connection strings: no way of writing a server hides it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.connection_strings import servers_of
from batch_exports.domain.egress import PUBLIC, EgressMode, EgressPolicy, check_config_hosts
from batch_exports.domain.errors import Invalid

KEY = "AccountKey=aGVsbG8="
LOOPBACK = EgressPolicy(EgressMode.LOOPBACK)

addresses = st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="169.254.0.0/16")


def check(connection_string, policy=PUBLIC):
    check_config_hosts("AzureBlob", {"connection_string": connection_string}, policy)


def spellings(name):
    return st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda upper: "".join(each.upper() if up else each.lower() for each, up in zip(name, upper, strict=True))
    )


@given(
    addresses,
    spellings("BlobEndpoint") | spellings("BlobSecondaryEndpoint") | spellings("DevelopmentStorageProxyUri"),
    st.permutations(
        ["AccountName=acme", KEY, "BlobEndpoint=https://acme.example.com", "DefaultEndpointsProtocol=http"]
    ),
    st.integers(0, 4),
)
def test_an_endpoint_in_a_private_network_is_refused_wherever_it_stands(address, name, others, place):
    parts = [*others[:place], f"{name}=http://{address}:8080/acme", *others[place:]]
    with pytest.raises(Invalid) as refused:
        check(";".join(parts))
    assert refused.value.attr == "destination__config__connection_string"
    assert refused.value.detail == "Invalid connection_string: its host is not allowed"


@pytest.mark.parametrize(
    "text",
    [
        f"AccountName=acme;{KEY};EndpointSuffix=internal",
        f"AccountName=acme;{KEY};EndpointSuffix=10.0.0.1",
        f"AccountName=acme;{KEY};EndpointSuffix=example.com@10.0.0.1",
        f"AccountName=10.0.0.1/;{KEY}",
        f"AccountName=user@10.0.0.1:80/;{KEY}",
        f"AccountName=10.0.0.1#;{KEY}",
        f"AccountName= 127.0.0.1?;{KEY}",
        "UseDevelopmentStorage=true",
        f"BlobEndpoint=;{KEY}",
        f"BlobEndpoint=localhost;{KEY}",
        f"BlobEndpoint=https://user:word@example.com;{KEY}",
    ],
)
def test_a_server_in_disguise_is_refused(text):
    with pytest.raises(Invalid):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        f"DefaultEndpointsProtocol=https;AccountName=acme;{KEY}",
        f"DefaultEndpointsProtocol=https;AccountName=acme;{KEY};EndpointSuffix=core.chinacloudapi.cn;",
        "BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=sv=2022-11-02&sig=aGVsbG8%3D",
        f"UseDevelopmentStorage=false;AccountName=acme;{KEY}",
    ],
)
def test_public_servers_pass(text):
    check(text)


def test_what_the_operator_allows_passes():
    text = f"BlobEndpoint=http://127.0.0.1:10000/acme;AccountName=acme;{KEY}"
    check(text, LOOPBACK)
    check("UseDevelopmentStorage=true", LOOPBACK)
    with pytest.raises(Invalid):
        check(text)


@given(st.text())
def test_no_text_crashes(text):
    assert all(isinstance(server, str) for server in servers_of(text))


def test_a_setting_that_names_no_server_leads_nowhere():
    assert list(servers_of(f"AccountName=acme;{KEY};SharedAccessSignature=sv")) == [
        "https://acme.blob.core.windows.net"
    ]
