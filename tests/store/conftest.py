import pytest

# What test classes inherit explains its failures as their own claims do.
pytest.register_assert_rewrite(
    "tests.store.conformance_access",
    "tests.store.conformance_backfills",
    "tests.store.conformance_exports",
    "tests.store.conformance_logs",
    "tests.store.conformance_runs",
    "tests.store.conformance_transactions",
)
