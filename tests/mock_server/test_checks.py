"""What the mock's connection checks say."""

import pytest

from batch_exports.domain.destinations import CONNECTION_CHECKS, CheckStatus
from mock_server.checks import MockChecks

S3 = {"bucket_name": "acme-lake", "region": "eu-central-1", "prefix": "events/"}


def said(kind, config):
    results = [MockChecks().run_step(kind, config, step) for step in range(len(CONNECTION_CHECKS[kind]))]
    assert {each.status for each in results} == {CheckStatus.PASSED}
    return [each.message for each in results]


@pytest.mark.parametrize(
    ("changes", "host", "key"),
    [
        ({}, "s3.eu-central-1.amazonaws.com", "events/connection_test"),
        ({"endpoint_url": None, "prefix": ""}, "s3.eu-central-1.amazonaws.com", "connection_test"),
        ({"endpoint_url": "http://storage.example.com:9000/s3"}, "storage.example.com", "events/connection_test"),
    ],
)
def test_a_check_that_passes_says_what_a_real_one_would(changes, host, key):
    messages = said("S3", {**S3, **changes})
    assert messages == [f"{host} answers.", "The bucket 'acme-lake' exists.", f"Wrote and deleted '{key}'."]


def test_where_there_is_nothing_to_check_nothing_is_said():
    assert said("NoOp", {}) == [None]
