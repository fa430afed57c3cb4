"""Settings of destinations: credentials are taken out of them and put back, and changes are merged into them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.destinations import NESTED_SECRET_KEYS, SECRET_KEYS, merged, split_secrets
from batch_exports.domain.exports import Destination

KINDS = sorted(SECRET_KEYS)
ARN = "arn:aws:iam::123456789012:role/copy"

names = st.sampled_from(["prefix", "copy_inputs", *sorted({*NESTED_SECRET_KEYS}.union(*SECRET_KEYS.values()))])
plain_values = st.booleans() | st.integers() | st.text(max_size=5)


def objects(values):
    """Objects in objects, with the names of settings and some others."""
    deep = st.recursive(
        values, lambda inner: st.dictionaries(names | st.text(max_size=3), inner, max_size=4), max_leaves=10
    )
    return st.dictionaries(names | st.text(max_size=3), deep, max_size=5)


def keys_at_any_depth(value):
    return (
        {key for name, inner in value.items() for key in (name, *keys_at_any_depth(inner))}
        if isinstance(value, dict)
        else set()
    )


@given(objects(plain_values | st.none()), objects(plain_values | st.none()))
def test_merging_takes_what_is_sent_and_keeps_the_rest(stored, sent):
    result = merged(stored, sent)
    assert set(result) == set(stored) | set(sent)
    for key in result:
        if key not in sent:
            assert result[key] == stored[key]
        elif isinstance(sent[key], dict) and isinstance(stored.get(key), dict):
            assert result[key] == merged(stored[key], sent[key])
        else:
            assert result[key] == sent[key]
    assert merged(result, sent) == result


@given(st.sampled_from(KINDS), objects(plain_values))
def test_credentials_come_apart_at_any_depth_and_together_again(kind, config):
    plain, secrets = split_secrets(SECRET_KEYS[kind], config)
    assert not SECRET_KEYS[kind] & plain.keys()
    assert not NESTED_SECRET_KEYS & set().union(*map(keys_at_any_depth, plain.values()))
    assert Destination(kind, plain, secrets).full_config == config


def test_of_what_copying_needs_only_the_keys_are_secret():
    key = {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}
    config = {"copy_inputs": {"s3_bucket": "stage", "authorization": ARN, "bucket_credentials": key}, "user": "u"}
    plain, secrets = split_secrets(SECRET_KEYS["Redshift"], config)
    assert plain == {"copy_inputs": {"s3_bucket": "stage", "authorization": ARN, "bucket_credentials": {}}}
    assert Destination("Redshift", plain, secrets).secret_names == [
        "copy_inputs__bucket_credentials__aws_access_key_id",
        "copy_inputs__bucket_credentials__aws_secret_access_key",
        "user",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_of_null_is_none(kind):
    assert split_secrets(SECRET_KEYS[kind], dict.fromkeys(SECRET_KEYS[kind])) == ({}, {})
