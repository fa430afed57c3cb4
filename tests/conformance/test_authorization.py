import httpx
import pytest

from batch_exports.conformance.authorization import check_caller
from batch_exports.conformance.caller_rows import Claim, caller_rows
from batch_exports.conformance.right_requests import NOBODY
from batch_exports.conformance.target import Target

TARGET = Target("http://service.test", "phx_first", "phx_other", "phx_read")
ROW = next(each for each in caller_rows(TARGET, changes=False) if each.claim is Claim.OTHER_OBJECT)


@pytest.mark.parametrize(("headers", "proves_a_leak"), [({}, True), ({"X-Mock-Source": "example"}, False)])
def test_an_object_that_others_see_is_a_leak_unless_the_mock_says_it_is_an_example(headers, proves_a_leak):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}, headers=headers))
    with httpx.Client(transport=transport, base_url=TARGET.url) as client:
        assert (check_caller(client, ROW, NOBODY) is not None) is proves_a_leak
