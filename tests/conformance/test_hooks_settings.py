"""What a run tells the process of Schemathesis."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.conformance.hooks_settings import HooksSettings, read, write

PATHS = st.none() | st.just(Path("/a/folder/file"))
SETTINGS = st.builds(HooksSettings, made=PATHS, sent=PATHS, silent_endpoint=st.just("https://s3.example.com"),
                     sampled=st.lists(st.sampled_from(["create_export", "update_export"])).map(tuple),
                     seed=st.integers(0))  # fmt: skip
BODIES = [{"name": f"export {number}"} for number in range(400)]


@given(SETTINGS)
def test_what_is_written_is_read(settings):
    assert read(write(settings)) == settings


def tried(operation, **settings):
    chosen = HooksSettings(all_time_zones=False, safe_methods_only=False, silent_endpoint="", made=None, **settings)
    return [body for body in BODIES if chosen.tries(operation, body)]


def test_of_many_boundaries_the_seed_draws_a_fourth():
    first, second = (tried("create_export", sampled=("create_export",), seed=seed) for seed in (1, 2))
    assert 70 < len(first) < 130
    assert first != second
    assert tried("update_export", sampled=("create_export",)) == BODIES
