import pytest
from hypothesis import HealthCheck, settings

# What test classes inherit explains its failures as their own claims do.
pytest.register_assert_rewrite(
    *(f"tests.store.conformance_{noun}" for noun in ("access", "backfills", "exports", "logs", "runs", "transactions")),
    "tests.destinations.conformance",
)

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=50,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("repeatable")
