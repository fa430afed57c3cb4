"""What both sides of the engine agree on."""

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.engine.conventions import engine_url

words = st.text(st.characters(whitelist_categories=["L", "N"], whitelist_characters="-_.%/"), min_size=1)


@given(st.sampled_from(["sqlite", "postgresql"]), words, words)
def test_the_engine_takes_the_same_database_by_its_own_driver(dialect: str, driver: str, rest: str) -> None:
    assert engine_url(f"{dialect}+{driver}://{rest}") == engine_url(f"{dialect}://{rest}") == f"{dialect}://{rest}"


def test_a_password_with_a_plus_or_a_scheme_in_it_stays_as_it_is() -> None:
    assert engine_url("postgresql+asyncpg://u:a+b://c@host/db") == "postgresql://u:a+b://c@host/db"
