from tests.clients.node import ROOT, passes

CLAIMS = ROOT / "tests" / "clients" / "exports.test.ts"


def test_the_typed_client_works_on_both_worlds(served):
    assert passes(CLAIMS, **served) == 3
